// The extension for VS Code, with stand-ins for what VS Code brings: it starts, says
// when the program is missing, starts again with other settings, and stops.
'use strict';
const assert = require('node:assert/strict');
const Module = require('node:module');

const calls = [];
let path = 'unleak';
let changed;
class LanguageClient {
  constructor(id, name, server, options) {
    this.server = server;
    calls.push(`new ${server.command} ${server.args.join(' ')} for ${options.documentSelector.map((d) => `${d.scheme}:${d.language}`).join(' ')}`);
  }
  async start() {
    calls.push('start');
    if (this.server.command === 'missing') throw new Error('ENOENT');
  }
  async stop() { calls.push('stop'); }
}
const stands = {
  vscode: {
    workspace: {
      getConfiguration: () => ({ get: () => path }),
      onDidChangeConfiguration: (f) => { changed = f; return { dispose() {} }; },
    },
    window: { showErrorMessage: (m) => calls.push(m) },
    commands: { registerCommand: (name) => { calls.push(name); return { dispose() {} }; } },
  },
  'vscode-languageclient/node': { LanguageClient },
};
const load = Module._load;
Module._load = (name, ...rest) => stands[name] || load(name, ...rest);

(async () => {
  const { activate, deactivate } = require(process.argv[2]);
  const context = { subscriptions: [] };
  await activate(context);
  const served = 'for file:typescript file:typescriptreact file:javascript file:javascriptreact file:vue file:svelte';
  assert.deepEqual(calls.splice(0), ['unleak.restart', `new unleak lsp ${served}`, 'start']);
  assert.equal(context.subscriptions.length, 2);
  path = 'missing';
  await changed({ affectsConfiguration: (name) => name === 'unleak.path' });
  assert.deepEqual(calls.splice(0), ['stop', `new missing lsp ${served}`, 'start', 'unleak: missing does not start; set unleak.path, or install it (ENOENT)']);
  await changed({ affectsConfiguration: () => false });
  await deactivate();
  assert.deepEqual(calls, ['stop']);
})().catch((err) => { console.error(err); process.exit(1); });
