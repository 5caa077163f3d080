// What an editor does with the server, one scenario for each name. Usage:
// node drive.cjs SCENARIO UNLEAK FOLDER
'use strict';
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { Client, uriOf, protocol } = require('./client.cjs');

const [scenario, binary, folder] = process.argv.slice(2);
const file = (name) => path.join(folder, name);

/** What `unleak fix` makes of a text that stands in a file. */
function fixed(name, text, ...flags) {
  const r = spawnSync(binary, ['fix', '--stdin-filepath', file(name), ...flags], { input: text, cwd: folder });
  assert.equal(r.status, 0, String(r.stderr));
  return String(r.stdout);
}

const codes = (diagnostics) => diagnostics.map((d) => d.code);
const fixAll = 'source.fixAll.unleak';

const scenarios = {
  async capabilities(c) {
    const { capabilities, serverInfo } = await c.start();
    assert.equal(capabilities.positionEncoding, 'utf-16');
    assert.equal(capabilities.textDocumentSync.change, 2);
    assert.equal(serverInfo.name, 'unleak');
    const [registration] = await c.until('the registration', () => (c.registered.length ? c.registered : undefined));
    assert.ok(registration.registerOptions.watchers.some((w) => w.globPattern === '**/.unleak.yaml'));
  },

  async diagnostics(c) {
    await c.start();
    const uri = c.open(file('src/berths.ts'));
    const [d, ...rest] = await c.diagnostics(uri);
    assert.deepEqual(rest, []);
    assert.equal(d.code, 'interval');
    assert.equal(d.source, 'unleak');
    assert.equal(d.severity, protocol.DiagnosticSeverity.Error); // critical
    assert.match(d.codeDescription.href, /kinds\.md#interval$/);
    assert.deepEqual(d.range.start, c.at(uri, 'setInterval').start);
    assert.equal(d.range.end.line, d.range.start.line); // the callback is not all underlined
    assert.equal(d.relatedInformation.length, 1);
    assert.deepEqual(d.relatedInformation[0].location.range.start, c.at(uri, 'reject(err)').start);
    const medium = c.open(file('src/plain.ts'));
    assert.deepEqual((await c.diagnostics(medium)).map((d) => d.severity), [protocol.DiagnosticSeverity.Information]);
  },

  // Edits of a text with characters of two units and CRLF: at each step what the
  // server finds lies where it is in the text that the client has.
  async typing(c) {
    await c.start();
    const uri = c.open(file('src/crlf.ts'));
    const found = async () => {
      const [d] = await c.diagnostics(uri);
      assert.deepEqual(d.range.start, c.at(uri, 'setInterval').start);
    };
    await found();
    c.replace(uri, '⚓', '🚢⚓🚢');
    await found();
    c.replace(uri, '// first\r\n', '// 😀 one\r\n// 😀 two\r\n');
    await found();
    c.replace(uri, '/* 🚢⚓🚢 */', '/* 🚢 */ ');
    await found();
    c.replace(uri, 'clearInterval(poll)', 'void poll');
    await found();
    // Now it is released everywhere, so nothing is left.
    c.replace(uri, 'void poll', 'clearInterval(poll)');
    c.replace(uri, 'reject(err)', '(clearInterval(poll), reject(err))');
    assert.deepEqual(await c.diagnostics(uri), []);
    c.change(uri, { text: fs.readFileSync(file('src/berths.ts'), 'utf8') });
    await found();
  },

  async encodings(c, make) {
    for (const [offered, chosen] of [[['utf-8', 'utf-16'], 'utf-8'], [['utf-32'], 'utf-32'], [['what'], 'utf-16']]) {
      const other = make({ general: { positionEncodings: offered } });
      assert.equal((await other.start()).capabilities.positionEncoding, chosen);
      const uri = other.open(file('src/berths.ts'), "/* 🚢ä */ export class A { start() { setInterval(() => {}, 1); } dispose() {} }");
      const [d] = await other.diagnostics(uri);
      assert.equal(d.range.start.character, other.text(uri).indexOf('setInterval') + { 'utf-8': 3, 'utf-16': 0, 'utf-32': -1 }[chosen]);
      assert.equal(await other.stop(), 0);
    }
    await c.start();
  },

  async hover(c) {
    await c.start();
    const uri = c.open(file('src/berths.ts'));
    const ask = (text) => c.ask(protocol.HoverRequest.type, { textDocument: { uri }, position: c.at(uri, text).start });
    const h = await ask('setInterval');
    assert.equal(h.contents.kind, 'markdown');
    for (const part of ['**critical interval**', 'left here without the release', '**Fix (safe)**', fs.readFileSync(file('interval.txt'), 'utf8').trim()]) {
      assert.ok(h.contents.value.includes(part), `${part}\n${h.contents.value}`);
    }
    assert.match((await ask('reject(err)')).contents.value, /critical interval/);
    assert.equal(await ask('export'), null);
  },

  async quickFix(c) {
    await c.start();
    for (const name of ['src/berths.ts', 'src/crlf.ts']) {
      const uri = c.open(file(name));
      const before = c.text(uri);
      const diagnostics = await c.diagnostics(uri);
      const actions = await c.actions(uri, diagnostics[0].range, undefined, diagnostics);
      const fix = actions.find((a) => a.kind === 'quickfix' && a.isPreferred);
      assert.deepEqual(fix.diagnostics, diagnostics);
      // An action is of one version: of another its places mean nothing.
      c.change(uri, { range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } }, text: '\n' });
      await assert.rejects(c.ask(protocol.CodeActionResolveRequest.type, fix), (err) => err.code === protocol.LSPErrorCodes.ContentModified);
      c.change(uri, { range: { start: { line: 0, character: 0 }, end: { line: 1, character: 0 } }, text: '' });
      fix.data.version = 3;
      const edits = await c.run(uri, fix);
      assert.ok(edits.every((e) => e.newText.length < 60), JSON.stringify(edits)); // what changes, no more
      assert.equal(c.text(uri), fixed(name, before));
      assert.notEqual(c.text(uri), before);
      assert.deepEqual(await c.diagnostics(uri), []);
    }
  },

  // Two fixes in one file, one of them unsafe: each by itself, and what is left.
  async unsafe(c) {
    await c.start();
    const uri = c.open(file('src/mixed.ts'));
    const before = c.text(uri);
    const diagnostics = await c.diagnostics(uri);
    const all = await c.actions(uri, { start: { line: 0, character: 0 }, end: { line: 1000, character: 0 } }, ['quickfix'], diagnostics);
    const unsafe = all.filter((a) => a.title.includes('(unsafe: '));
    assert.equal(unsafe.length, 1, JSON.stringify(all));
    assert.ok(!unsafe[0].isPreferred);
    await c.run(uri, unsafe[0]);
    const left = await c.diagnostics(uri);
    assert.ok(left.length > 0 && left.length < diagnostics.length);
    const [rest] = await c.actions(uri, left[0].range, [fixAll]);
    await c.run(uri, rest);
    assert.equal(c.text(uri), fixed('src/mixed.ts', before, '--unsafe'));
  },

  // All safe fixes of each file: byte for byte what `unleak fix` makes of it.
  async fixAll(c) {
    await c.start();
    for (const name of fs.readFileSync(file('sources.txt'), 'utf8').trim().split('\n')) {
      const uri = c.open(file(name));
      const before = c.text(uri);
      await c.diagnostics(uri);
      const actions = await c.actions(uri, { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } }, ['source.fixAll']);
      const want = fixed(name, before);
      assert.equal(actions.length, want === before ? 0 : 1, name);
      for (const a of actions) {
        assert.equal(a.kind, fixAll);
        await c.run(uri, a);
      }
      assert.equal(c.text(uri), want, name);
      assert.deepEqual(await c.actions(uri, { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } }, [fixAll]), []);
    }
  },

  // A client that does not resolve actions, nor knows versions.
  async eager(c, make) {
    const plain = make({ workspace: {}, textDocument: { publishDiagnostics: {} } });
    await plain.start();
    const uri = plain.open(file('src/berths.ts'));
    const before = plain.text(uri);
    const [d] = await plain.until('diagnostics', () => plain.published.get(uri)?.at(-1)?.diagnostics);
    assert.equal(d.relatedInformation, undefined);
    assert.equal(d.codeDescription, undefined);
    const actions = await plain.actions(uri, d.range);
    assert.ok(actions.every((a) => a.edit.changes[uri].length > 0));
    const h = await plain.ask(protocol.HoverRequest.type, { textDocument: { uri }, position: d.range.start });
    assert.equal(h.contents.kind, 'plaintext');
    await plain.run(uri, actions.find((a) => a.kind === fixAll));
    assert.equal(plain.text(uri), fixed('src/berths.ts', before));
    assert.equal(await plain.stop(), 0);
    await c.start();
  },

  async ignore(c) {
    await c.start();
    const uri = c.open(file('src/crlf.ts'));
    const diagnostics = await c.diagnostics(uri);
    const actions = await c.actions(uri, diagnostics[0].range, ['quickfix'], diagnostics);
    await c.run(uri, actions.find((a) => a.title.startsWith('Ignore')));
    assert.match(c.text(uri), /\r\n {4}\/\/ unleak-ignore-next-line interval -- say why\r\n {4}const poll/);
    assert.deepEqual(await c.diagnostics(uri), []);
    // Where a comment would be text, there is no such edit.
    const inTemplate = c.open(file('src/berths.ts'), 'export class A {\n  start(all) {\n    return `\n      ${all.map(() => { setInterval(() => {}, 1); })}`;\n  }\n  dispose() {}\n}\n');
    const [d] = await c.diagnostics(inTemplate);
    const [no] = (await c.actions(inTemplate, d.range, ['quickfix'])).filter((a) => a.title.startsWith('Ignore'));
    await assert.rejects(c.ask(protocol.CodeActionResolveRequest.type, no), /so no comment can/);
  },

  // What another document holds, unsaved, is what counts.
  async others(c) {
    await c.start();
    const uri = c.open(file('src/fleet.ts'));
    assert.deepEqual(codes(await c.diagnostics(uri)), []); // the helper keeps what it makes
    const helper = c.open(file('src/helper.ts'));
    await c.diagnostics(helper);
    const before = (c.published.get(uri) || []).length;
    c.replace(helper, 'return null;', 'return setInterval(work, 10);');
    // At once, when somebody asks; a while later by itself.
    assert.match((await c.ask(protocol.HoverRequest.type, { textDocument: { uri }, position: c.at(uri, 'every(').start })).contents.value, /critical interval/);
    await c.until('the finding in the other document', () => (c.published.get(uri).slice(before).some((p) => codes(p.diagnostics).includes('interval')) ? true : undefined));
    const [d] = c.published.get(uri).at(-1).diagnostics;
    assert.deepEqual(d.range.start, c.at(uri, 'every(').start);
    // Closed without being saved, it is again what the file says.
    c.notify(protocol.DidCloseTextDocumentNotification.type, { textDocument: { uri: helper } });
    await c.until('no finding', () => (c.published.get(uri).at(-1).diagnostics.length === 0 ? true : undefined));
    assert.deepEqual(c.published.get(helper).at(-1).diagnostics, []);
  },

  async cancel(c) {
    await c.start();
    const uri = c.open(file('src/berths.ts'), fs.readFileSync(file('slow.txt'), 'utf8'));
    const token = new protocol.CancellationTokenSource();
    const asked = c.ask(protocol.HoverRequest.type, { textDocument: { uri }, position: { line: 0, character: 0 } }, token.token);
    token.cancel();
    await assert.rejects(asked, (err) => err.code === protocol.LSPErrorCodes.RequestCancelled);
    // What was stopped half-way leaves nothing behind.
    c.change(uri, { text: fs.readFileSync(file('src/berths.ts'), 'utf8') });
    assert.deepEqual(codes(await c.diagnostics(uri)), ['interval']);
    await c.ask(protocol.HoverRequest.type, { textDocument: { uri }, position: { line: 0, character: 0 } });
  },

  async folders(c) {
    await c.start();
    const other = file('../other');
    const uri = c.open(path.join(other, 'a.ts'));
    const ours = c.open(file('src/berths.ts'));
    await c.diagnostics(ours);
    assert.equal(c.published.get(uri), undefined); // outside of every folder
    assert.equal(await c.ask(protocol.HoverRequest.type, { textDocument: { uri }, position: c.at(uri, 'setInterval').start }), null);
    const event = { added: [{ uri: uriOf(other), name: 'other' }], removed: [] };
    c.notify(protocol.DidChangeWorkspaceFoldersNotification.type, { event });
    assert.deepEqual(codes(await c.diagnostics(uri)), ['interval']);
    c.notify(protocol.DidChangeWorkspaceFoldersNotification.type, { event: { added: [], removed: event.added } });
    await c.until('none outside of every folder', () => (c.published.get(uri).at(-1).diagnostics.length === 0 ? true : undefined));
  },

  async notOurs(c) {
    await c.start();
    const text = fs.readFileSync(file('src/berths.ts'), 'utf8');
    const uris = ['untitled:Untitled-1', 'git:/a.ts?x', 'vscode-notebook-cell:/a.ts#1', 'file://elsewhere/a.ts', 'http://localhost/a.ts'].map((u) => c.open(u, text));
    for (const name of ['readme.md', 'node_modules/x/a.ts', 'dist/a.ts', 'a.d.ts', 'ignored/a.ts', 'legacy/a.ts', 'src/berths.test.ts']) uris.push(c.open(file(name), text));
    uris.push(uriOf(file('never-opened.ts')));
    for (const uri of uris) {
      assert.equal(await c.ask(protocol.HoverRequest.type, { textDocument: { uri }, position: { line: 8, character: 20 } }), null, uri);
      assert.deepEqual(await c.actions(uri, { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } }), [], uri);
    }
    assert.ok(c.messages.every((m) => !m.includes('rror')), c.messages.join('\n'));
    const ours = c.open(file('src/berths.ts'));
    await c.diagnostics(ours);
    for (const uri of uris) assert.deepEqual((c.published.get(uri) || []).flatMap((p) => p.diagnostics), [], uri);
  },

  async settings(c) {
    await c.start();
    const uri = c.open(file('src/berths.ts'));
    assert.equal((await c.diagnostics(uri)).length, 1);
    const write = (text, wanted) => {
      const seen = c.published.get(uri).length;
      fs.writeFileSync(file('.unleak.yaml'), text);
      c.notify(protocol.DidChangeWatchedFilesNotification.type, { changes: [{ uri: uriOf(file('.unleak.yaml')), type: 2 }] });
      return c.until(`what follows from ${text}`, () => (c.published.get(uri).slice(seen).some((p) => wanted(p.diagnostics)) ? true : undefined));
    };
    await write('kinds:\n  off: [interval]\n', (d) => d.length === 0);
    await write('phases:\n  interval: high\n', (d) => d.length === 1 && d[0].severity === protocol.DiagnosticSeverity.Warning);
    fs.writeFileSync(file('.unleak.yaml'), 'nonsense: 1\n');
    c.notify(protocol.DidChangeWatchedFilesNotification.type, { changes: [{ uri: uriOf(file('.unleak.yaml')), type: 2 }] });
    await c.until('the complaint', () => (c.messages.some((m) => m.includes('.unleak.yaml:1:1: unknown key')) ? true : undefined));
    c.replace(uri, 'export', 'export '); // what was right before still holds
    assert.equal((await c.diagnostics(uri))[0].severity, protocol.DiagnosticSeverity.Warning);
    await write('offers: true\n', (d) => d.length === 1 && d[0].severity === protocol.DiagnosticSeverity.Error);
  },

  // A thousand edits in a row: what is published is of the last text, and nothing of an
  // older one comes after it.
  async edits(c) {
    await c.start();
    const uri = c.open(file('src/crlf.ts'));
    await c.diagnostics(uri);
    for (let i = 0; i < 500; i++) {
      c.replace(uri, '// first', '// 😀\r\n// first');
      c.replace(uri, '// 😀\r\n', i % 2 ? '' : '// é\n');
    }
    const [d] = await c.diagnostics(uri);
    assert.deepEqual(d.range.start, c.at(uri, 'setInterval').start);
    const versions = c.published.get(uri).map((p) => p.version);
    assert.deepEqual(versions, versions.slice().sort((a, b) => a - b));
    assert.equal(versions.at(-1), 1001);
  },

  async places(c) {
    await c.start();
    const uri = c.open(file('src/berths.ts'));
    const far = 2 ** 40;
    for (const position of [{ line: -1, character: -5 }, { line: far, character: far }, { line: 8, character: far }, { line: 0.5, character: 1e300 }]) {
      await c.ask(protocol.HoverRequest.type, { textDocument: { uri }, position });
      await c.actions(uri, { start: position, end: { line: 0, character: 0 } });
    }
    await assert.rejects(c.ask(protocol.HoverRequest.type, { textDocument: { uri }, position: { line: 'x', character: [] } }), (err) => err.code === -32602);
    await assert.rejects(c.ask('textDocument/nothing', {}), (err) => err.code === -32601);
    c.notify(protocol.DidChangeTextDocumentNotification.type, { textDocument: { uri: 'file:///never.ts', version: 3 }, contentChanges: [{ text: '' }] });
    // A change that cannot be read: the text is not known, until it comes whole.
    c.notify(protocol.DidChangeTextDocumentNotification.type, { textDocument: { uri, version: 2 }, contentChanges: 7 });
    await c.until('no diagnostics', () => (c.published.get(uri)?.at(-1)?.diagnostics.length === 0 ? true : undefined));
    c.change(uri, { text: fs.readFileSync(file('src/berths.ts'), 'utf8') });
    assert.equal((await c.diagnostics(uri)).length, 1);
    // Half a character: the client may send what is no text.
    c.replace(uri, 'export', '/* \ud83d */ export');
    await c.diagnostics(uri);
  },

  async pull(c, make) {
    const other = make({ workspace: {}, textDocument: { diagnostic: { relatedInformation: true } } });
    const { capabilities } = await other.start();
    assert.ok(capabilities.diagnosticProvider);
    const uri = other.open(file('src/berths.ts'));
    const report = await other.ask(protocol.DocumentDiagnosticRequest.type, { textDocument: { uri } });
    assert.equal(report.kind, 'full');
    assert.deepEqual(codes(report.items), ['interval']);
    assert.equal(other.published.size, 0);
    assert.equal(await other.stop(), 0);
    await c.start();
  },

  async baseline(c) {
    const r = spawnSync(binary, ['baseline', '-o', 'known.json', '.'], { cwd: folder });
    assert.equal(r.status, 0, String(r.stderr));
    fs.writeFileSync(file('.unleak.yaml'), 'baseline: known.json\n');
    await c.start();
    const uri = c.open(file('src/berths.ts'));
    assert.deepEqual(await c.diagnostics(uri), []);
    assert.deepEqual(await c.actions(uri, { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } }), []);
    const again = c.text(uri).slice(c.text(uri).indexOf('export')).replace('waitForBerth', 'waitAgain');
    c.change(uri, { range: c.at(uri, 'export'), text: `${again}\nexport` });
    assert.deepEqual(codes(await c.diagnostics(uri)), ['interval']);
    const before = c.text(uri);
    const [all] = await c.actions(uri, c.at(uri, 'export'), [fixAll]);
    await c.run(uri, all); // what is new, and nothing that is known
    assert.equal(c.text(uri), fixed('src/berths.ts', before));
    assert.equal(c.text(uri).split('clearInterval').length, before.split('clearInterval').length + 1);
  },
};

/** How a server ends. Each takes a client that has been started and returns the wanted status. */
const endings = {
  async shutdown(c) { await c.ask(protocol.ShutdownRequest.type); c.notify(protocol.ExitNotification.type); return 0; },
  async exit(c) { c.notify(protocol.ExitNotification.type); return 1; },
  async closed(c) { c.process.stdin.end(); return 1; },
  async closedInOrder(c) { await c.ask(protocol.ShutdownRequest.type); c.process.stdin.end(); return 0; },
  async late(c) {
    await c.ask(protocol.ShutdownRequest.type);
    await assert.rejects(c.ask(protocol.HoverRequest.type, { textDocument: { uri: 'file:///a.ts' }, position: { line: 0, character: 0 } }), (err) => err.code === -32600);
    c.notify(protocol.ExitNotification.type);
    return 0;
  },
  async garbage(c) { c.process.stdin.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'); return 2; },
  async huge(c) { c.process.stdin.write('Content-Length: 99999999999999\r\n\r\n'); return 2; },
  async negative(c) { c.process.stdin.write('Content-Length: -1\r\n\r\n'); return 2; },
  async half(c) { c.process.stdin.end('Content-Length: 100\r\n\r\n{"jsonrpc"'); return 2; },
};

async function main() {
  const clients = [];
  const make = (capabilities) => { const c = new Client(binary, [folder], capabilities); clients.push(c); return c; };
  // One that answers nothing has nothing to say to a stream that has ended.
  const c = make(endings[scenario] && { workspace: {} });
  if (endings[scenario]) {
    if (scenario === 'huge') { // a request before initialize is refused, and nothing breaks
      await assert.rejects(c.ask(protocol.HoverRequest.type, { textDocument: { uri: 'file:///a.ts' }, position: { line: 0, character: 0 } }), (err) => err.code === -32002);
    }
    await c.start();
    const wanted = await endings[scenario](c);
    assert.equal(await c.ended, wanted, c.stderr);
    assert.equal(c.stderr.trim().split('\n').filter((l) => l !== '').length, wanted === 2 ? 1 : 0, c.stderr);
    if (wanted === 2) assert.match(c.stderr, /^unleak: lsp: /);
    return;
  }
  await scenarios[scenario](c, make);
  assert.equal(await c.stop(), 0, c.stderr);
  assert.equal(c.stderr, '');
}

if (scenario === 'list') {
  console.log([...Object.keys(scenarios), ...Object.keys(endings)].join('\n'));
} else {
  main().then(() => process.exit(0), (err) => { console.error(err); process.exit(1); });
}
