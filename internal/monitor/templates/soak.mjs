// Runs a scenario again and again, and fails when something grows: what the monitor
// counts, what keeps the event loop busy, the heap. Written by `unleak monitor soak`.
//
//   node --expose-gc unleak-soak.mjs SCENARIO [--rounds N] [--seconds N]
//        [--concurrency N] [--warmup N] [--heap BYTES] [--ignore NAME]...
//
// SCENARIO is a module. Its default export, or `round`, is called in each round: it
// makes what is tested, starts it, and ends it again. `setup` and `teardown`, where it
// has them, are called once. --heap is how many bytes a round may leave; it is
// measured only with --expose-gc. --ignore leaves out an owner, a kind, or a type of
// active resource.
//
// Exit status: 0 nothing grew, 1 something did, or a disposal failed, 2 it could not
// be told.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';

const say = (line) => process.stdout.write(line + '\n');

function options() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '300' },
      seconds: { type: 'string', default: '45' },
      concurrency: { type: 'string', default: '1' },
      warmup: { type: 'string', default: '20' },
      heap: { type: 'string', default: '2048' },
      ignore: { type: 'string', multiple: true, default: [] },
    },
  });
  if (positionals.length !== 1) throw new Error('want one scenario, a module; see the top of this file');
  const out = { scenario: positionals[0], ignore: values.ignore };
  for (const name of ['rounds', 'seconds', 'concurrency', 'warmup', 'heap']) {
    out[name] = Number(values[name]);
    if (!(out[name] >= (name === 'warmup' || name === 'heap' ? 0 : 1))) throw new Error(`--${name}: want a number, got ${values[name]}`);
  }
  return out;
}

// What is released some turns later must not count.
async function settle() {
  for (let i = 0; i < 3; i++) {
    await pause(10);
    await new Promise(setImmediate);
    globalThis.gc?.();
  }
}

// One look at everything that may grow: name -> how much there is.
async function look(ignore) {
  await settle();
  const counts = new Map();
  const monitor = globalThis.__unleakMonitor;
  for (const r of monitor?.snapshot().resources ?? []) {
    if (!ignore.includes(r.owner) && !ignore.includes(r.kind)) counts.set(`${r.kind} of ${r.owner}`, r.live);
  }
  const active = {};
  for (const type of process.getActiveResourcesInfo?.() ?? []) active[type] = (active[type] ?? 0) + 1;
  for (const [type, n] of Object.entries(active)) {
    if (!ignore.includes(type)) counts.set(`active ${type}`, n);
  }
  return { counts, heap: process.memoryUsage().heapUsed };
}

// Something grew if it was never again as little as at first: in each of the last
// third of the looks it is more than in any of the first third.
function grew(values) {
  const third = Math.max(1, Math.floor(values.length / 3));
  return Math.min(...values.slice(-third)) > Math.max(...values.slice(0, third));
}

function slope(values) {
  const n = values.length;
  const x = (n - 1) / 2;
  const y = values.reduce((a, b) => a + b, 0) / n;
  let above = 0;
  let below = 0;
  values.forEach((v, i) => {
    above += (i - x) * (v - y);
    below += (i - x) * (i - x);
  });
  return below > 0 ? above / below : 0;
}

async function main() {
  const opts = options();
  const module = await import(pathToFileURL(resolve(opts.scenario)).href);
  const of = typeof module.default === 'object' && module.default !== null ? { ...module.default, ...module } : module;
  const round = typeof of.default === 'function' ? of.default : of.round;
  if (typeof round !== 'function') throw new Error(`${opts.scenario}: exports no function, neither as default nor as round`);
  setTimeout(() => end(2, `a round, or what is around them, does not end: ${opts.seconds + 10} seconds have passed`), (opts.seconds + 10) * 1000).unref();
  const began = performance.now();
  const late = () => performance.now() - began > opts.seconds * 1000;
  let done = 0;
  const run = async (n) => {
    const until = done + n;
    while (done < until && !late()) {
      const batch = Math.min(opts.concurrency, until - done);
      await Promise.all(Array.from({ length: batch }, (_, i) => round({ round: done + i })));
      done += batch;
    }
  };
  await of.setup?.();
  await run(opts.warmup);
  const failedBefore = globalThis.__unleakMonitor?.snapshot().disposals.reduce((n, d) => n + d.failed, 0) ?? 0;
  const first = done;
  const looks = [await look(opts.ignore)];
  const each = Math.max(1, Math.ceil(opts.rounds / 12));
  while (done - first < opts.rounds && !late()) {
    await run(Math.min(each, opts.rounds - (done - first)));
    looks.push(await look(opts.ignore));
  }
  const rounds = done - first;
  const monitor = globalThis.__unleakMonitor;
  const snapshot = monitor?.snapshot();
  await of.teardown?.();
  if (looks.length < 4) throw new Error(`only ${rounds} rounds in ${opts.seconds} seconds: too few to tell; give --seconds more, or --warmup less`);
  const problems = [];
  for (const name of new Set(looks.flatMap((l) => [...l.counts.keys()]))) {
    const values = looks.map((l) => l.counts.get(name) ?? 0);
    if (!grew(values)) continue;
    const by = values.at(-1) - values[0];
    problems.push(`${name} grew from ${values[0]} to ${values.at(-1)} in ${rounds} rounds (${(by / rounds).toFixed(2)} a round)`);
  }
  const heaps = looks.map((l) => l.heap);
  const leaves = (slope(heaps) * (looks.length - 1)) / rounds;
  if (globalThis.gc && grew(heaps) && leaves > opts.heap) {
    problems.push(`the heap grew by ${Math.round(leaves)} bytes a round, from ${heaps[0]} to ${heaps.at(-1)}; ${opts.heap} are allowed`);
  }
  const failed = (snapshot?.disposals.reduce((n, d) => n + d.failed, 0) ?? 0) - failedBefore;
  if (failed > 0) {
    const last = snapshot.failures.at(-1);
    problems.push(`${failed} disposals failed${last ? `; the last of ${last.owner}, ${last.kind}: ${last.message}` : ''}`);
  }
  const heap = globalThis.gc ? `${Math.round(leaves)} bytes of heap a round` : 'the heap was not measured: start node with --expose-gc';
  const counted = snapshot ? `${snapshot.resources.length} kind${snapshot.resources.length === 1 ? '' : 's'} counted` : 'no monitor in this program: only what Node knows was looked at';
  for (const p of problems) say(`LEAK ${p}`);
  say(`${problems.length > 0 ? 'failed' : 'ok'}: ${rounds} rounds in ${((performance.now() - began) / 1000).toFixed(1)} s, ${counted}, ${heap}`);
  return problems.length > 0 ? 1 : 0;
}

// What leaks would keep the process alive, so it is ended, whatever is left.
function end(status, err) {
  if (err) process.stderr.write(`unleak-soak: ${err?.stack ?? err}\n`);
  process.removeListener('exit', unfinished);
  process.exit(status);
}

// A round that waits for what never comes must not look as if all were well.
function unfinished() {
  process.stderr.write('unleak-soak: a round waits for something, and nothing is left that could bring it\n');
  process.exitCode = 2;
}

process.on('exit', unfinished);
main().then(
  (status) => end(status),
  (err) => end(2, err),
);
