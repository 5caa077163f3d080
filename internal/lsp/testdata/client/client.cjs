// The language server driven by the client library that VS Code is made with.
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const protocol = require('vscode-languageserver-protocol/node');
const { TextDocument } = require('vscode-languageserver-textdocument');

/** One server with one client. `capabilities` are added to those of a client that can do much. */
class Client {
  constructor(binary, folders, capabilities = {}) {
    this.folders = folders;
    this.published = new Map(); // by URI: all that came
    this.messages = [];
    this.registered = [];
    this.waiting = [];
    this.documents = new Map();
    this.capabilities = {
      workspace: { workspaceEdit: { documentChanges: true }, didChangeWatchedFiles: { dynamicRegistration: true }, workspaceFolders: true },
      textDocument: {
        publishDiagnostics: { relatedInformation: true, versionSupport: true, codeDescriptionSupport: true, dataSupport: true },
        hover: { contentFormat: ['markdown', 'plaintext'] },
        codeAction: { dataSupport: true, isPreferredSupport: true, resolveSupport: { properties: ['edit'] } },
      },
      ...capabilities,
    };
    this.process = spawn(binary, ['lsp'], { cwd: folders[0], stdio: ['pipe', 'pipe', 'pipe'] });
    this.stderr = '';
    this.process.stderr.on('data', (data) => { this.stderr += data; });
    this.ended = new Promise((resolve) => this.process.on('close', (status) => resolve(status)));
    this.connection = protocol.createProtocolConnection(
      new protocol.StreamMessageReader(this.process.stdout), new protocol.StreamMessageWriter(this.process.stdin));
    this.connection.onError(() => {});
    this.connection.onNotification(protocol.PublishDiagnosticsNotification.type, (p) => {
      if (!this.published.has(p.uri)) this.published.set(p.uri, []);
      this.published.get(p.uri).push(p);
      this.wake();
    });
    for (const type of [protocol.LogMessageNotification.type, protocol.ShowMessageNotification.type]) {
      this.connection.onNotification(type, (p) => { this.messages.push(p.message); this.wake(); });
    }
    this.connection.onRequest(protocol.RegistrationRequest.type, (p) => { this.registered.push(...p.registrations); this.wake(); });
    this.connection.listen();
  }

  wake() {
    const waiting = this.waiting;
    this.waiting = [];
    for (const again of waiting) again();
  }

  /** Waits until what `ask` returns is not undefined. */
  async until(what, ask) {
    const timer = setTimeout(() => { console.error(`waited too long for ${what}\n${this.stderr}\n${this.messages.join('\n')}`); process.exit(1); }, 60000);
    try {
      for (;;) {
        const answer = ask();
        if (answer !== undefined) return answer;
        await new Promise((resolve) => this.waiting.push(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async start(params = {}) {
    const result = await this.connection.sendRequest(protocol.InitializeRequest.type, {
      processId: process.pid, rootUri: null, capabilities: this.capabilities,
      workspaceFolders: this.folders.map((f) => ({ uri: uriOf(f), name: path.basename(f) })), ...params,
    });
    await this.connection.sendNotification(protocol.InitializedNotification.type, {});
    return result;
  }

  notify(type, params) { return this.connection.sendNotification(type, params); }
  ask(type, params, token) { return this.connection.sendRequest(type, params, token); }

  open(file, text = fs.readFileSync(file, 'utf8')) {
    const uri = file.includes(':') ? file : uriOf(file);
    this.documents.set(uri, TextDocument.create(uri, 'typescript', 1, text));
    this.notify(protocol.DidOpenTextDocumentNotification.type, { textDocument: { uri, languageId: 'typescript', version: 1, text } });
    return uri;
  }

  text(uri) { return this.documents.get(uri).getText(); }

  /** Makes changes as an editor does: here, and by a notification. */
  change(uri, ...contentChanges) {
    const d = this.documents.get(uri);
    TextDocument.update(d, contentChanges, d.version + 1);
    this.notify(protocol.DidChangeTextDocumentNotification.type, { textDocument: { uri, version: d.version }, contentChanges });
    return d.version;
  }

  /** Replaces the first occurrence of a text, by its place. */
  replace(uri, from, to) {
    const d = this.documents.get(uri);
    const at = d.getText().indexOf(from);
    if (at < 0) throw new Error(`${uri} does not hold ${from}`);
    return this.change(uri, { range: { start: d.positionAt(at), end: d.positionAt(at + from.length) }, text: to });
  }

  /** The place of a text. */
  at(uri, text, from = 0) {
    const d = this.documents.get(uri);
    const start = d.getText().indexOf(text, from);
    if (start < 0) throw new Error(`${uri} does not hold ${text}`);
    return { start: d.positionAt(start), end: d.positionAt(start + text.length) };
  }

  /** What was published for the document as it is now. */
  diagnostics(uri) {
    const d = this.documents.get(uri);
    return this.until(`diagnostics of ${uri} ${d.version}`, () => (this.published.get(uri) || []).filter((p) => p.version === d.version).at(-1)?.diagnostics);
  }

  actions(uri, range, only, diagnostics = []) {
    return this.ask(protocol.CodeActionRequest.type, { textDocument: { uri }, range, context: { diagnostics, only } });
  }

  /** Resolves an action and makes its edit. */
  async run(uri, action) {
    const edit = action.edit || (await this.ask(protocol.CodeActionResolveRequest.type, action)).edit;
    const d = this.documents.get(uri);
    let edits = edit.changes && edit.changes[uri];
    if (edit.documentChanges) {
      if (edit.documentChanges.length !== 1 || edit.documentChanges[0].textDocument.version !== d.version) throw new Error('the edit is of another version');
      edits = edit.documentChanges[0].edits;
    }
    const text = TextDocument.applyEdits(d, edits);
    this.change(uri, ...edits.slice().sort((a, b) => b.range.start.line - a.range.start.line || b.range.start.character - a.range.start.character)
      .map((e) => ({ range: e.range, text: e.newText })));
    if (this.text(uri) !== text) throw new Error('the edits depend on their order');
    return edits;
  }

  async stop() {
    await this.ask(protocol.ShutdownRequest.type);
    this.notify(protocol.ExitNotification.type);
    return this.ended;
  }
}

function uriOf(file) { return pathToFileURL(file).toString(); }

module.exports = { Client, uriOf, protocol };
