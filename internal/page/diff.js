'use strict';

// Tables of changed lines. Everything is written as text: nothing that stands in
// the data can become an element.

const classNames = { keyword: 'k', string: 's', number: 'd', comment: 'c', function: 'f', type: 'y', tag: 'g', hidden: 'h' };
const CHANGED = 16; // added to the class of what changed within its line

function make(name, className, text) {
  const e = document.createElement(name);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

// diffTable is the table of a card, unified or side by side.
function diffTable(item, classes, split) {
  const table = make('table', split ? 'diff split' : 'diff');
  const caption = make('caption', 'sr', `Changes in ${item.path}`);
  const columns = make('colgroup');
  for (const sort of split ? ['number', 'sign', '', 'number', 'sign', ''] : ['number', 'number', 'sign', '']) columns.append(make('col', sort));
  let last = 1;
  for (const h of item.hunks) for (const r of h.rows) last = Math.max(last, r[1], r[2]);
  table.style.setProperty('--digits', String(last).length);
  const body = make('tbody');
  const width = split ? 6 : 4;
  item.hunks.forEach((h, i) => {
    if (i > 0 || h.rows[0][1] > 1) body.append(gap(h.header, width));
    if (split) for (const p of h.pairs) body.append(...pairRows(h, p, classes));
    else for (const r of h.rows) body.append(...rows(r, classes));
  });
  table.append(caption, columns, body);
  return table;
}

function gap(header, width) {
  const tr = make('tr', 'gap');
  const td = make('td', '', header);
  td.colSpan = width;
  tr.append(td);
  return tr;
}

function rows(r, classes) {
  const tr = make('tr');
  const side = sideOf(r[0]);
  tr.append(number(r[1], side), number(r[2], side), sign(r[0], side), code(r[3], classes, side));
  return r[4] ? [tr, note(r[4], 4)] : [tr];
}

function pairRows(h, [left, right], classes) {
  const tr = make('tr');
  for (const [at, line] of [[left, 1], [right, 2]]) {
    if (at < 0) {
      tr.append(make('td', 'num blank'), make('td', 'blank'), make('td', 'blank'));
      continue;
    }
    const r = h.rows[at];
    const side = sideOf(r[0]);
    tr.append(number(r[line], side), sign(r[0], side), code(r[3], classes, side));
  }
  const mark = left >= 0 && h.rows[left][4];
  return mark ? [tr, note(mark, 6)] : [tr];
}

function sideOf(op) {
  return op === '+' ? ' add' : op === '-' ? ' del' : '';
}

function number(n, side) {
  const td = make('td', 'num' + side);
  if (n > 0) td.dataset.n = n;
  return td;
}

function sign(op, side) {
  return make('td', 'sign' + side, op === ' ' ? '' : op === '-' ? '\u2212' : '+');
}

function code(pieces, classes, side) {
  const td = make('td', 'code' + side);
  for (let i = 0; i < pieces.length; i += 2) {
    const name = classNames[classes[pieces[i] % CHANGED]];
    const text = pieces[i + 1];
    if (pieces[i] >= CHANGED) td.append(make('mark', name, text));
    else if (name) td.append(make('span', name, text));
    else td.append(text);
  }
  return td;
}

function note([sort, text], width) {
  const tr = make('tr', 'note ' + sort);
  const td = make('td', '', text);
  td.colSpan = width;
  tr.append(td);
  return tr;
}

// textOf is all the code that a card shows, for the search.
function textOf(item) {
  const lines = [];
  for (const h of item.hunks) {
    for (const r of h.rows) {
      let line = '';
      for (let i = 1; i < r[3].length; i += 2) line += r[3][i];
      lines.push(line);
    }
  }
  return lines.join('\n');
}
