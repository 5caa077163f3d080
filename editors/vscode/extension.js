// The client of `unleak lsp` for VS Code.
'use strict';
const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

let client;

async function start() {
  const command = vscode.workspace.getConfiguration('unleak').get('path') || 'unleak';
  const languages = ['typescript', 'typescriptreact', 'javascript', 'javascriptreact', 'vue', 'svelte'];
  client = new LanguageClient('unleak', 'unleak', { command, args: ['lsp'] }, {
    documentSelector: languages.map((language) => ({ scheme: 'file', language })),
  });
  try {
    await client.start();
  } catch (err) {
    vscode.window.showErrorMessage(`unleak: ${command} does not start; set unleak.path, or install it (${err.message})`);
  }
}

async function stop() {
  const old = client;
  client = undefined;
  try {
    if (old) await old.stop();
  } catch {
    // It had not started, or is gone.
  }
}

async function restart() {
  await stop();
  await start();
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand('unleak.restart', restart),
    vscode.workspace.onDidChangeConfiguration((e) => (e.affectsConfiguration('unleak.path') ? restart() : undefined)),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
