'use strict';
// Drives a page in a real browser and prints, as JSON, what is wrong with it and what
// was measured: `node drive.cjs PAGE SHOTS SCENARIO...`, with the browser in
// UNLEAK_CHROMIUM and the library that drives it in UNLEAK_PUPPETEER.
const assert = require('node:assert/strict');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const puppeteer = require(process.env.UNLEAK_PUPPETEER);

const [file, shots, ...wanted] = process.argv.slice(2);
const url = pathToFileURL(file).href;
const figures = {};

const ready = (page) => page.waitForFunction(() => performance.getEntriesByName('unleak-ready').length > 0);
const count = (page) => page.$eval('#count', (e) => e.textContent);
const active = (page) => page.evaluate(() => document.activeElement.id);
const shownCards = (page) => page.$$eval('.card', (all) => all.filter((c) => !c.hidden).map((c) => c.id));
// frames waits until what an event asked for has been done.
const frames = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))));
const items = (page) => page.$eval('#data', (e) => JSON.parse(e.textContent).items);

async function typeInto(page, id, text) {
  await page.focus(id);
  await page.keyboard.type(text);
  await frames(page);
}

// contrasts returns the texts that are shown with less than 4.5 to 1 between them and
// what is behind them, as the styles have it.
const contrasts = () => {
  const rgb = (s) => s.match(/[\d.]+/g).map(Number);
  const light = (c) => {
    const [r, g, b] = c.map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c.slice(0, 3);
      if (c[3] !== 0) throw new Error('half transparent: ' + e.className);
    }
    return [255, 255, 255];
  };
  const bad = new Set();
  let least = 99, looked = 0;
  const check = (e, style, what) => {
    if (e.getClientRects().length === 0) return;
    const [a, b] = [light(rgb(style.color).slice(0, 3)), light(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    looked++;
    least = Math.min(least, ratio);
    if (ratio < 4.5) bad.add(`${what} ${e.tagName}.${e.className} ${style.color} on ${behind(e)}: ${ratio.toFixed(2)}`);
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (walk.currentNode.data.trim() && !['SCRIPT', 'STYLE'].includes(e.tagName) && !e.closest('.sr, .skip, noscript')) check(e, getComputedStyle(e), 'text');
  }
  for (const e of document.querySelectorAll('td[data-n]')) check(e, getComputedStyle(e, '::before'), 'number');
  for (const e of document.querySelectorAll('input[type=search]')) check(e, getComputedStyle(e, '::placeholder'), 'placeholder');
  return { bad: [...bad], least, looked };
};

const scenarios = {
  async filters(page) {
    const all = await items(page);
    const noun = all.every((i) => i.sort === 'fix') ? 'fixes' : 'entries';
    assert.equal(await count(page), `${all.length} ${noun}`);
    assert.deepEqual((await shownCards(page)).sort(), all.map((i) => i.id).sort());
    const groups = { phase: (i) => [i.phase], apply: (i) => [i.apply], standing: (i) => [i.offer ? 'offer' : 'leak'], kind: (i) => i.kinds, package: (i) => [i.pkg] };
    let tried = 0;
    for (const [name, of] of Object.entries(groups)) {
      for (const value of new Set(all.flatMap(of))) {
        const want = all.filter((i) => of(i).includes(value)).map((i) => i.id).sort();
        const box = `input[name="${name}"][value="${value}"]`;
        assert.equal(await page.$eval(box, (e) => e.closest('label').querySelector('.n').textContent), String(want.length));
        await page.click(box);
        await frames(page);
        assert.deepEqual((await shownCards(page)).sort(), want, `${name} ${value}`);
        assert.equal(await count(page), `${want.length} of ${all.length} ${noun} shown`);
        await page.click(box);
        await frames(page);
        tried++;
      }
    }
    assert.ok(tried >= 10, `only ${tried} filters`);
    // Two of a group are either, two groups are both.
    await page.click('input[name="phase"][value="critical"]');
    await page.click('input[name="phase"][value="high"]');
    await page.click('input[name="apply"][value="unsafe"]');
    await frames(page);
    const want = all.filter((i) => i.phase !== 'medium' && i.apply === 'unsafe').map((i) => i.id).sort();
    assert.ok(want.length > 0);
    assert.deepEqual((await shownCards(page)).sort(), want);
    assert.equal(await page.$eval('.phase.medium', (e) => e.hidden), true, 'a phase without fixes still has its heading');
    await page.click('#clear');
    await frames(page);
    assert.equal(await count(page), `${all.length} ${noun}`);
    // A path, and words of the code, of which every one must be there.
    await typeInto(page, '#path', 'PACKAGES/berths');
    assert.equal((await shownCards(page)).length, all.filter((i) => i.path.includes('packages/berths')).length);
    await page.$eval('#path', (e) => { e.value = ''; e.dispatchEvent(new Event('input', { bubbles: true })); });
    await typeInto(page, '#search', 'clearInterval catch');
    const found = await shownCards(page);
    assert.deepEqual(found, all.filter((i) => i.path.includes('berths')).map((i) => i.id));
    await page.keyboard.type(' nowhere-at-all');
    await frames(page);
    assert.equal((await shownCards(page)).length, 0);
    assert.equal(await page.$eval('#none', (e) => e.hidden), false);
    await page.click('#clear-too');
    await frames(page);
    assert.equal((await shownCards(page)).length, all.length);
  },

  async keyboard(page) {
    const order = await shownCards(page);
    for (const [key, at] of [['j', 0], ['j', 1], ['j', 2], ['k', 1], ['k', 0], ['k', 0]]) {
      await page.keyboard.press(key);
      assert.equal(await active(page), order[at], `after ${key}`);
    }
    for (let i = 0; i < order.length + 3; i++) await page.keyboard.press('j');
    assert.equal(await active(page), order.at(-1), 'j stays at the last');
    assert.ok(await page.evaluate(() => document.activeElement.querySelector('table.diff')), 'the code of the last is built');
    assert.ok(await page.evaluate(() => { const r = document.activeElement.getBoundingClientRect(); return r.top < innerHeight && r.bottom > 0; }), 'the last is in sight');
    await page.keyboard.press('/');
    assert.equal(await active(page), 'search');
    await page.keyboard.type('stj?u');
    await frames(page);
    assert.equal(await page.$eval('#search', (e) => e.value), 'stj?u', 'keys are text in a field');
    assert.equal(await page.$eval('#help', (e) => e.open), false);
    await page.keyboard.press('Escape');
    await frames(page);
    assert.equal((await shownCards(page)).length, order.length, 'Escape empties the search');
    await page.keyboard.press('Escape');
    assert.equal(await active(page), '');
    await page.keyboard.press('?');
    assert.equal(await page.$eval('#help', (e) => e.open), true);
    await page.keyboard.press('j');
    await page.keyboard.press('Escape');
    assert.equal(await page.$eval('#help', (e) => e.open), false);
    // Only what is shown is gone to.
    await typeInto(page, '#path', 'sessions');
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press('k');
    await page.keyboard.press('j');
    assert.deepEqual([await active(page)], await shownCards(page));
    // Whoever uses Tab sees where they are.
    await page.keyboard.press('Tab');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(outline, 'none');
  },

  async views(page) {
    const texts = (split) => page.$eval('.card table.diff', (t, split) => {
      assertClass(t);
      return [...t.rows].filter((r) => r.querySelector('.code')).map((r) => [...r.cells].map((c) => c.dataset.n || c.textContent).join('|'));
      function assertClass(t) { if (t.classList.contains('split') !== split) throw new Error('the table is ' + t.className); }
    }, split);
    const unified = await texts(false);
    await page.keyboard.press('s');
    await page.waitForSelector('.card table.diff.split');
    const split = await texts(true);
    assert.notDeepEqual(unified, split);
    assert.equal(await page.$eval('#split', (e) => e.getAttribute('aria-pressed')), 'true');
    assert.equal(await page.$eval('#unified', (e) => e.getAttribute('aria-pressed')), 'false');
    await page.screenshot({ path: path.join(shots, 'split.png') });
    // What both show is what the data says, whole and in order.
    const [item] = (await items(page)).filter((i) => i.phase === 'critical').sort((a, b) => (a.pkg < b.pkg ? -1 : 1));
    const line = (r) => r[3].filter((_, i) => i % 2).join('');
    const sign = { '-': '\u2212', '+': '+', ' ': '' };
    const rows = item.hunks.flatMap((h) => h.rows);
    assert.deepEqual(unified, rows.map((r) => [r[1] || '', r[2] || '', sign[r[0]], line(r)].join('|')));
    const lefts = split.map((s) => s.split('|')[0]).filter(Boolean);
    assert.deepEqual(lefts, rows.filter((r) => r[1]).map((r) => String(r[1])));
    await page.keyboard.press('u');
    await page.waitForSelector('.card table.diff:not(.split)');
    assert.deepEqual(await texts(false), unified);
    await page.click('#split');
    await page.waitForSelector('.card table.diff.split');
  },

  async themes(page) {
    figures.contrast = {};
    for (const scheme of ['light', 'dark']) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await frames(page);
      await page.screenshot({ path: path.join(shots, scheme + '.png') });
      for (const key of ['u', 's']) {
        await page.keyboard.press(key);
        await page.evaluate(() => dispatchEvent(new Event('beforeprint'))); // all of the code
        await page.$$eval('details', (all) => all.forEach((d) => { d.open = true; }));
        await page.keyboard.press('?');
        await frames(page);
        const { bad, least, looked } = await page.evaluate(contrasts);
        await page.keyboard.press('Escape');
        assert.deepEqual(bad, [], `${scheme}, ${key}`);
        assert.ok(looked > 300, `${looked} texts`);
        figures.contrast[`${scheme} ${key}`] = +least.toFixed(2);
      }
    }
    // The key goes against what the system prefers, and is remembered.
    assert.equal(await page.$eval('#theme', (e) => e.textContent), 'Light');
    await page.keyboard.press('t');
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light');
    await frames(page);
    await page.screenshot({ path: path.join(shots, 'toggled-light.png') });
    await page.reload();
    await ready(page);
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light');
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
    await page.click('#theme');
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
    await frames(page);
    await page.screenshot({ path: path.join(shots, 'toggled-dark.png') });
  },

  async access(page) {
    const tree = await page.accessibility.snapshot({ interestingOnly: false });
    const found = [];
    (function walk(n) {
      found.push(n);
      for (const c of n.children || []) walk(c);
    })(tree);
    for (const [role, name] of [['banner'], ['complementary', 'Filters'], ['search'], ['main', 'Fixes'], ['status'], ['searchbox', 'Search'], ['searchbox', 'Path'], ['group', 'View'], ['heading', 'Critical3']]) {
      assert.ok(found.some((n) => n.role === role && (name === undefined || n.name.replace(/\s/g, '') === name)), `no ${role} ${name || ''}`);
    }
    for (const n of found) if (['button', 'link', 'checkbox', 'searchbox'].includes(n.role)) assert.ok(n.name, `a ${n.role} without a name`);
    assert.equal(await page.$eval('html', (e) => e.lang), 'en');
    assert.equal(await page.$eval('#count', (e) => e.getAttribute('aria-live')), 'polite');
  },

  async print(page) {
    const cards = (await shownCards(page)).length;
    assert.ok((await page.pdf()).length > 10_000);
    assert.equal((await page.$$('table.diff')).length, cards, 'all of the code is printed');
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    await page.emulateMediaType('print');
    for (const hidden of ['aside', '.tools']) assert.equal(await page.$eval(hidden, (e) => getComputedStyle(e).display), 'none');
    assert.equal(await page.$eval('.card', (e) => getComputedStyle(e).backgroundColor), 'rgb(255, 255, 255)', 'printed dark');
  },

  // What the source says is text, and nothing else.
  async hostile(page) {
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    await frames(page);
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    for (const tag of ['img', 'svg', 'iframe', 'object', 'b']) assert.equal((await page.$$(tag)).length, 0, tag);
    assert.equal((await page.$$('script')).length, 2);
    const text = await page.$eval('#list', (e) => e.textContent);
    for (const want of ['</script><img src=x onerror=pwned=1>', '<!-- <script>', '<U+001B>[31m', '<U+202E>', '<U+2028>', "it's <b>bold</b>", 'i &lt; b; i &gt; b', '<svg onload=pwned=1>.ts']) {
      assert.ok(text.includes(want), `not shown: ${want}`);
    }
    assert.ok(!/[\u0000-\u0008\u000b-\u001f\u202a-\u202e\u2066-\u2069\u2028\u2029]/.test(text), 'something is in the page as it is');
  },

  async thousand(page) {
    const cards = (await page.$$('.card')).length;
    assert.equal(cards, 1000);
    figures.ready = await page.evaluate(() => performance.getEntriesByName('unleak-ready')[0].startTime);
    const tables = (await page.$$('table.diff')).length;
    assert.ok(tables > 0 && tables < 100, `${tables} of 1000 are built at once`);
    figures.tables = tables;
    figures.elements = await page.evaluate(() => document.getElementsByTagName('*').length);
    figures.search = await page.evaluate(async () => {
      const box = document.getElementById('search');
      const from = performance.now();
      box.value = 'class part777 ';
      box.dispatchEvent(new Event('input', { bubbles: true }));
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      return performance.now() - from;
    });
    assert.equal((await shownCards(page)).length, 1);
    await page.$eval('#search', (e) => { e.value = ''; e.dispatchEvent(new Event('input', { bubbles: true })); });
    await frames(page);
    figures.view = await page.evaluate(async () => {
      const from = performance.now();
      document.getElementById('split').click();
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      return performance.now() - from;
    });
    // At the end of a long page the code is there, too.
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await page.waitForFunction(() => [...document.querySelectorAll('.card')].at(-1).querySelector('table.diff.split'));
  },

  // The policy holds even against what runs in the page.
  async policy(page) {
    const blocked = await page.evaluate(async () => {
      const seen = [];
      document.addEventListener('securitypolicyviolation', (e) => seen.push(e.effectiveDirective));
      await fetch('http://127.0.0.1:9/').catch(() => {});
      const img = new Image();
      const script = document.createElement('script');
      script.textContent = 'window.pwned = 1';
      document.body.append(script);
      await new Promise((done) => { img.onerror = img.onload = done; img.src = 'http://127.0.0.1:9/x.png'; });
      return [...seen, window.pwned === undefined];
    });
    for (const d of ['connect-src', 'img-src']) assert.ok(blocked.includes(d), `${d} is not forbidden: ${blocked}`);
    assert.equal(blocked.at(-1), true, 'another script runs');
  },
};

(async () => {
  const problems = [];
  const browser = await puppeteer.launch({ executablePath: process.env.UNLEAK_CHROMIUM, args: ['--no-sandbox'] });
  try {
    for (const name of wanted) {
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      const wrong = (what) => problems.push(`${name}: ${what}`);
      await page.setViewport({ width: 1280, height: 900 });
      if (name !== 'policy') page.on('console', (m) => wrong(`console: ${m.text()}`));
      page.on('pageerror', (e) => wrong(`error: ${e.message}`));
      await page.setRequestInterception(true);
      page.on('request', (r) => {
        if (r.url().split('#')[0] === url || r.url() === 'data:,') return r.continue();
        wrong(`a request for ${r.url()}`);
        return r.abort();
      });
      await page.goto(url);
      await ready(page);
      await scenarios[name](page).catch((e) => wrong(e.message));
      await context.close();
    }
  } finally {
    await browser.close();
  }
  console.log(JSON.stringify({ problems, figures }));
})();
