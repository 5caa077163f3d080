(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const root = document.documentElement;
  const $ = (id) => document.getElementById(id);
  const plural = (n, one, many) => `${n} ${n === 1 ? one : many}`;
  const cards = []; // { item, element, table, text }, in the order in which they stand
  const sections = []; // { element, count, cards, parts }
  let split = false;
  let current = -1;

  // Cards: the text of all at once, the code of each when it comes near.

  // prose writes a text in which backticks mark code.
  function prose(element, text) {
    text.split('`').forEach((part, i) => {
      if (i % 2 === 1) element.append(make('code', '', part));
      else if (part) element.append(part);
    });
    return element;
  }

  function card(item) {
    const element = make('article', 'card ' + item.phase);
    element.id = item.id;
    element.tabIndex = -1;
    const where = make('div', 'where');
    const title = make('h4', 'file');
    const cut = item.path.lastIndexOf('/') + 1;
    if (cut > 0) title.append(make('span', 'dir', item.path.slice(0, cut)));
    title.append(`${item.path.slice(cut)}:${item.line}`);
    const self = make('a', 'self', '#');
    self.href = '#' + item.id;
    self.setAttribute('aria-label', `Link to ${item.path}, line ${item.line}`);
    where.append(make('span', 'chip ' + item.phase, item.phase));
    if (item.offer) where.append(make('span', 'chip none', 'offer'));
    where.append(title, self);
    if (item.added + item.deleted > 0) {
      const stat = make('span', 'stat');
      if (item.added) stat.append(make('span', 'plus', '+' + item.added), ' ');
      if (item.deleted) stat.append(make('span', 'minus', '\u2212' + item.deleted));
      where.append(stat);
    }
    const header = make('header');
    header.append(where);
    if (item.leaks.length) header.append(leaks(item));
    const done = make('p', 'done');
    const apply = item.sort === 'left' ? 'left alone' : item.apply;
    done.append(make('span', 'chip ' + item.apply, apply), prose(make('span'), item.done + (item.onTop ? ' (made on top of the fixes before it in this file)' : '')));
    header.append(done);
    if (item.notes.length) {
      const notes = make('ul', 'notes');
      for (const n of item.notes) notes.append(prose(make('li'), n));
      header.append(notes);
    }
    if (item.kinds.some((k) => data.why[k])) header.append(why(item));
    element.append(header, pending(item));
    return element;
  }

  function leaks(item) {
    const list = make('ul', 'leaks');
    for (const l of item.leaks) {
      const li = make('li');
      if (item.leaks.length > 1) li.append(make('span', 'at', `line ${l.line} `));
      li.append(make('span', 'kind', l.kind), ': ');
      list.append(prose(li, l.text));
    }
    return list;
  }

  function why(item) {
    const box = make('details', 'why');
    box.append(make('summary', '', 'Why this leaks'));
    for (const k of item.kinds) if (data.why[k]) box.append(prose(make('p'), data.why[k]));
    return box;
  }

  // pending holds the place of the code until it is built.
  function pending(item) {
    const place = make('div', 'pending');
    let n = 0;
    for (const h of item.hunks) n += h.rows.length + 1;
    place.style.setProperty('--height', `${n * 19.4}px`);
    return place;
  }

  function build(c) {
    if (c.table) return;
    c.table = diffTable(c.item, data.classes, split);
    c.element.lastElementChild.replaceWith(c.table);
  }

  function unbuild(c) {
    if (!c.table) return;
    c.table = null;
    c.element.lastElementChild.replaceWith(pending(c.item));
    near.unobserve(c.element);
    near.observe(c.element);
  }

  const near = new IntersectionObserver((entries) => {
    for (const e of entries) if (e.isIntersecting) build(byElement.get(e.target));
  }, { rootMargin: '1000px 0px' });
  const byElement = new Map();

  function section(parent, name, level, title, size) {
    const element = make('section', name);
    const head = make('h' + level);
    const n = make('span', 'n');
    head.append(title, n);
    element.append(head);
    element.setAttribute('aria-label', title);
    parent.append(element);
    const s = { element, count: n, cards: [], size };
    sections.push(s);
    return s;
  }

  function list() {
    const all = document.createDocumentFragment();
    for (const phase of data.phases) {
      const items = data.items.filter((i) => i.phase === phase);
      if (!items.length) continue;
      const outer = section(all, 'phase ' + phase, 2, phase[0].toUpperCase() + phase.slice(1));
      const packages = [...new Set(items.map((i) => i.pkg))].sort();
      for (const pkg of packages) {
        const inner = section(outer.element, 'package', 3, pkg || 'No package');
        for (const item of items) {
          if (item.pkg !== pkg) continue;
          const c = { item, element: card(item), table: null, text: null };
          inner.element.append(c.element);
          inner.cards.push(c);
          outer.cards.push(c);
          cards.push(c);
          byElement.set(c.element, c);
        }
      }
    }
    $('list').append(all);
    for (const c of cards) near.observe(c.element);
  }

  // Filters: of each group any of what is chosen, of all groups every one.

  const groups = [
    { name: 'phase', title: 'Phase', of: (i) => [i.phase] },
    { name: 'apply', title: 'Fix', of: (i) => [i.apply], label: (v) => (v === 'none' ? 'left alone' : v) },
    { name: 'standing', title: 'Leaks and offers', of: (i) => [i.offer ? 'offer' : 'leak'] },
    { name: 'kind', title: 'Kind', of: (i) => i.kinds },
    { name: 'package', title: 'Package', of: (i) => [i.pkg], label: (v) => v || 'no package' },
  ];

  function choices() {
    for (const g of groups) {
      const counts = new Map();
      for (const i of data.items) for (const v of g.of(i)) counts.set(v, (counts.get(v) || 0) + 1);
      g.boxes = new Map();
      if (counts.size < 2) continue; // nothing to choose
      const order = g.name === 'phase' ? data.phases : g.name === 'apply' ? ['safe', 'unsafe', 'none'] : [...counts.keys()].sort();
      const set = make('fieldset');
      const box = make('div', 'choices');
      set.append(make('legend', '', g.title), box);
      for (const v of order) {
        if (!counts.has(v)) continue;
        const label = make('label', 'choice');
        const input = make('input');
        input.type = 'checkbox';
        input.name = g.name;
        input.value = v;
        const of = make('span', 'of', g.label ? g.label(v) : v);
        of.title = of.textContent;
        label.append(input, of, make('span', 'n', counts.get(v)));
        box.append(label);
        g.boxes.set(v, input);
      }
      $('groups').append(set);
    }
  }

  const searchable = (c) => (c.text ??= [c.item.path, c.item.owner, c.item.done, c.item.kinds.join(' '), c.item.pkg, c.item.mentions || '',
    ...c.item.leaks.map((l) => `${l.text} ${l.way}`), ...c.item.notes, textOf(c.item)].join('\n').toLowerCase());

  function filter() {
    const words = $('search').value.toLowerCase().split(/\s+/).filter(Boolean);
    const path = $('path').value.trim().toLowerCase();
    const chosen = groups.map((g) => [g, new Set([...g.boxes].filter(([, b]) => b.checked).map(([v]) => v))]).filter(([, s]) => s.size);
    let shown = 0;
    for (const c of cards) {
      const ok = chosen.every(([g, s]) => g.of(c.item).some((v) => s.has(v))) &&
        c.item.path.toLowerCase().includes(path) && words.every((w) => searchable(c).includes(w));
      c.element.hidden = !ok;
      if (ok) shown++;
    }
    for (const s of sections) {
      const n = s.cards.filter((c) => !c.element.hidden).length;
      s.element.hidden = n === 0;
      s.count.textContent = n;
    }
    const active = words.length || path || chosen.length;
    const all = cards.every((c) => c.item.sort === 'fix') ? plural(cards.length, 'fix', 'fixes') : plural(cards.length, 'entry', 'entries');
    $('count').textContent = active ? `${shown} of ${all} shown` : all;
    $('none').hidden = shown > 0 || cards.length === 0;
    $('clear').hidden = !active;
    if (current >= 0 && cards[current].element.hidden) current = -1;
  }

  let waiting = false;
  function soon() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      filter();
    });
  }

  // View, theme, keys.

  function view(side) {
    if (side === split) return;
    split = side;
    $('unified').setAttribute('aria-pressed', !split);
    $('split').setAttribute('aria-pressed', split);
    for (const c of cards) unbuild(c);
    if (current >= 0) go(current);
  }

  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches);

  function theme(name) {
    if (name) root.dataset.theme = name;
    $('theme').textContent = isDark() ? 'Light' : 'Dark';
    $('theme').setAttribute('aria-label', `Theme: change to ${isDark() ? 'light' : 'dark'}`);
  }

  // What cannot be kept, as in a file that the browser gives no storage, is not.
  const stored = {
    get() { try { return localStorage.getItem('unleak-theme'); } catch { return null; } },
    set(v) { try { localStorage.setItem('unleak-theme', v); } catch { /* for this visit only */ } },
  };

  function toggleTheme() {
    theme(isDark() ? 'light' : 'dark');
    stored.set(root.dataset.theme);
  }

  function go(i) {
    current = i;
    const c = cards[i];
    build(c);
    c.element.focus({ preventScroll: true });
    c.element.scrollIntoView({ block: 'start' });
  }

  // step goes to the next shown card, or the one before, from where the focus is.
  function step(by) {
    const inside = document.activeElement && document.activeElement.closest('.card');
    if (inside) current = cards.indexOf(byElement.get(inside));
    for (let i = current + by; i >= 0 && i < cards.length; i += by) {
      if (!cards[i].element.hidden) return go(i);
    }
  }

  function clear() {
    $('filters').reset();
    filter();
  }

  const keys = {
    j: () => step(1), k: () => step(-1), u: () => view(false), s: () => view(true), t: toggleTheme,
    '/': () => { $('search').focus(); $('search').select(); },
    '?': () => $('help').showModal(),
  };

  addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || $('help').open) return;
    const typing = e.target instanceof HTMLInputElement && e.target.type === 'search';
    if (e.key === 'Escape' && typing) {
      if (e.target.value) {
        e.target.value = '';
        soon();
      } else e.target.blur();
      e.preventDefault();
      return;
    }
    if (typing || !Object.hasOwn(keys, e.key)) return;
    e.preventDefault();
    keys[e.key]();
  });

  function summary() {
    const fixes = data.items.filter((i) => i.sort === 'fix');
    const parts = data.phases.map((p) => [fixes.filter((i) => i.phase === p).length, p]).filter(([n]) => n).map(([n, p]) => `${n} ${p}`);
    const files = new Set(fixes.map((i) => i.path)).size;
    const safe = fixes.filter((i) => i.apply === 'safe').length;
    const left = data.items.filter((i) => i.sort === 'left').length;
    let text = fixes.length ? `${plural(fixes.length, 'fix', 'fixes')} in ${plural(files, 'file', 'files')}: ${parts.join(', ')}; ${safe} safe, ${fixes.length - safe} unsafe` : 'No fixes';
    if (left) text += `; ${left} left alone`;
    $('summary').textContent = text;
  }

  theme(stored.get());
  summary();
  choices();
  list();
  filter();
  $('filters').addEventListener('input', soon);
  $('filters').addEventListener('submit', (e) => e.preventDefault());
  $('filters').addEventListener('reset', () => setTimeout(filter));
  $('clear-too').addEventListener('click', clear);
  $('unified').addEventListener('click', () => view(false));
  $('split').addEventListener('click', () => view(true));
  $('theme').addEventListener('click', toggleTheme);
  $('help-open').addEventListener('click', () => $('help').showModal());
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => theme());
  addEventListener('beforeprint', () => cards.forEach(build));
  if (location.hash) {
    const at = cards.findIndex((c) => '#' + c.item.id === location.hash);
    if (at >= 0) go(at);
  }
  requestAnimationFrame(() => setTimeout(() => performance.mark('unleak-ready'))); // painted, and every key works
})();
