// Mounts and unmounts components before and after their fix and counts what is alive.
//
// Standard input: [{id, host, before, after, drive}], pieces of CommonJS; `host` names the
// adapter beside this file. Standard output: one JSON line for each cell:
// {id, before: {mounted, left}, after: .., strict: {mounted, left} of the text after, problems}.
//
// A drive exports `host`, and what it needs of:
//   component  the name of the export, or a function that makes one of (exports, framework)
//   props      a function of the page that makes the properties
//   during     an async function of {container, view, window, act, props, turn}, run while mounted
//   fakes      an object of functions of `live`, a counted set, that stand for modules
//   throws     true where the text before throws when it is unmounted
//   strict     false where the host's strict mode says nothing about the shape
'use strict';
const path = require('path');
const { createRequire } = require('module');
const { open } = require('./page.cjs');

const home = createRequire(path.join(process.env.UNLEAK_MOUNT, 'package.json'));
const real = { setTimeout };
console.log = console.error; // what components say is no result
const turn = (ms = 0) => new Promise((resolve) => real.setTimeout(resolve, ms));

// run evaluates a piece of CommonJS.
function run(text, require) {
  const module = { exports: {} };
  new Function('module', 'exports', 'require', text)(module, module.exports, require);
  return module.exports;
}

// rounds is how often each text is mounted: what is left adds up.
const rounds = 3;

async function mounted(adapter, page, cell, text, drive, strict) {
  const { live } = page;
  page.forget();
  const fakes = {};
  for (const [name, make] of Object.entries(drive.fakes ?? {})) fakes[name] = make(live, page.window);
  const require = (name) => fakes[name] ?? adapter.modules?.[name] ?? home(name);
  const exported = run(text, require);
  const names = Object.keys(exported);
  const wanted = drive.component ?? names.find((n) => n === 'default') ?? names[0];
  const component = adapter.whole ? exported : typeof wanted === 'function' ? wanted(exported, adapter.framework) : exported[wanted];
  if (component === undefined) throw new Error(`there is no export ${wanted}`);
  const result = { mounted: 0, left: 0 };
  for (let i = 0; i < rounds; i++) {
    const container = page.window.document.createElement('div');
    page.window.document.body.append(container);
    const props = drive.props ? drive.props(page.window, adapter.framework) : {};
    const before = live.size;
    page.own(container);
    const view = await adapter.mount(component, props, container, strict);
    await drive.during?.({ container, view, window: page.window, act: adapter.act, props, turn, rerender: view.rerender });
    await turn();
    result.mounted = live.size - before;
    try {
      await view.unmount();
    } catch (err) {
      if (!(drive.throws && text === cell.before)) throw err;
    }
    container.remove();
    await turn(drive.after ?? 0);
  }
  result.left = live.size;
  result.kinds = [...new Set(live.values())];
  return result;
}

async function main() {
  let input = '';
  for await (const chunk of process.stdin) input += chunk;
  const page = open(home);
  const adapters = {};
  const cells = JSON.parse(input);
  for (const host of new Set(cells.map((cell) => cell.host))) require(`./${host}.cjs`).prepare?.(home);
  for (const cell of cells) {
    const out = { id: cell.id, problems: [] };
    try {
      adapters[cell.host] ??= await require(`./${cell.host}.cjs`).load(home, page);
      const adapter = adapters[cell.host];
      const drive = run(cell.drive, home);
      out.before = await mounted(adapter, page, cell, cell.before, drive, false);
      out.after = await mounted(adapter, page, cell, cell.after, drive, false);
      if (out.before.left === 0) out.problems.push('nothing was left before the fix');
      if (out.after.left !== 0) out.problems.push(`${out.after.left} left after the fix: ${out.after.kinds}`);
      if (out.after.mounted === 0 && !drive.idle) out.problems.push('nothing is alive while the mended one is mounted');
      if (adapter.strict && drive.strict !== false) {
        out.strict = await mounted(adapter, page, cell, cell.after, drive, true);
        // What ends by itself, an idle one's frame, may have ended in the one and not yet in the other.
        if (out.strict.mounted !== out.after.mounted && !drive.idle) out.problems.push(`in strict mode ${out.strict.mounted} are alive while mounted, else ${out.after.mounted}`);
        if (out.strict.left !== 0) out.problems.push(`in strict mode ${out.strict.left} left after the fix: ${out.strict.kinds}`);
      }
      for (const e of page.errors.splice(0)) out.problems.push(`an error: ${e}`);
    } catch (err) {
      out.problems.push(String(err?.stack ?? err));
    }
    process.stdout.write(JSON.stringify(out) + '\n');
  }
  process.exit(0);
}

main();
