// Runs examples before and after their fix and counts what is still alive.
//
// Standard input: [{id, before, after, drive, rounds, monitored}], pieces of CommonJS,
// how often to repeat, and whether a monitor must have counted what `after` holds. With UNLEAK_CHROMIUM and UNLEAK_PUPPETEER in the
// environment, puppeteer is the real library with that browser; with UNLEAK_REAL,
// a node_modules folder, all other libraries but STOMP and ajv are the real ones,
// and what is left is asked of the system and of the servers.
// Standard output: one JSON line for each cell, as it ends.
'use strict';
const real = { setTimeout, setInterval, clearTimeout, clearInterval };
const http = require('http');
const fakes = require('./fakes.cjs');
const listening = require('./listening.cjs');
const actual = process.env.UNLEAK_REAL ? require('./real_libs.cjs') : undefined;

// World is what one scenario runs in: timers that are counted, libraries that
// record what is acquired and released, and things that can be told to fail.
class World {
  constructor() {
    this.alive = new Map(); // resource -> kind
    this.twice = 0;
    this.closing = 0; // releases that were begun and are not done
    this.made = new Map(); // resource -> the how manieth it was
    this.released = []; // the same numbers, in the order of release
    this.fails = new Set(); // names of methods that fail
    this.tracked = [];
    const track = (kind) => (callback, ms, ...args) => {
      const timer = real[kind](() => {
        if (kind === 'setTimeout') this.alive.delete(timer);
        callback(...args);
      }, ms);
      this.begin(timer, kind);
      timer[Symbol.dispose] = () => clear(timer);
      return timer;
    };
    const clear = (timer) => {
      this.end(timer);
      real.clearTimeout(timer);
    };
    this.places = (actual ?? fakes).places;
    this.libraries = (actual ?? fakes).libraries(this);
    const quiet = Object.fromEntries(Object.keys(console).map((k) => [k, () => {}]));
    this.globals = { console: quiet, setTimeout: track('setTimeout'), setInterval: track('setInterval'), clearTimeout: clear, clearInterval: clear };
    // once is a timer that fires soon, and is told apart from others by its kind.
    const once = (kind, value) => (callback) => {
      const timer = real.setTimeout(() => {
        this.alive.delete(timer);
        callback(value());
      }, 2);
      this.begin(timer, kind);
      return timer;
    };
    this.globals.requestAnimationFrame = once('frame', () => performance.now());
    this.globals.requestIdleCallback = once('idle', () => ({ didTimeout: false, timeRemaining: () => 1 }));
    this.globals.cancelAnimationFrame = this.globals.cancelIdleCallback = clear;
    this.globals.WebSocket = this.libraries.ws;
    this.page = listening.classes(this); // EventTarget and AbortController that are counted
    this.globals.window = new this.page.EventTarget();
    this.globals.document = new this.page.EventTarget();
    this.globals.process = new Proxy(this.emitter(), { get: (e, name) => (name in e ? e[name] : process[name]) });
    Object.assign(this.globals, fakes.globals(this));
  }

  begin(r, kind) {
    this.alive.set(r, kind);
    this.made.set(r, this.made.size);
  }

  end(r) {
    if (!this.alive.delete(r)) return false;
    this.released.push(this.made.get(r));
    return true;
  }

  // slowly does what takes a turn of the event loop: whoever does not wait for
  // it is seen.
  async slowly(work) {
    this.closing++;
    try {
      await work();
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      this.closing--;
    }
  }

  // settle waits until what was begun is there, and what was released gone: on a busy machine a
  // timer may end before the turn of the event loop that a release takes.
  async settle() {
    if (actual) return actual.connected();
    await this.pause(1);
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  // touch changes a file in the folder that is watched.
  touch(name) {
    (actual ?? fakes).touch(this, name);
  }

  // pool is a pool of database clients.
  pool() {
    return new this.libraries.pg.Pool(this.places.postgres);
  }

  // emitter is one of Node's whose listeners are counted.
  emitter() {
    return listening.emitter(this);
  }

  // resource is something that must be released by the method named.
  resource(kind, release, methods) {
    const r = {};
    for (const [name, run] of Object.entries(methods)) {
      r[name] = (...args) => {
        this.failIf(name);
        return run(...args);
      };
    }
    this.begin(r, kind);
    r[release] = (...args) => {
      if (!this.end(r)) this.twice++;
      const done = methods[release]?.(...args);
      if (done instanceof Promise) return this.slowly(() => (this.failIf(release), done));
      this.failIf(release); // it may fail, and is gone all the same
      return done;
    };
    r[Symbol.asyncDispose] = async () => r[release]();
    return r;
  }

  // lend gives the code something that is not its own to release.
  lend(r) {
    this.alive.delete(r.live ?? r);
    return r;
  }

  failIf(name) {
    if (this.fails.has(name)) throw new Error(`${name} failed`);
  }

  modules() {
    const world = this;
    const page = () =>
      world.resource('page', 'close', {
        goto: async () => {}, setContent: async () => {}, screenshot: async () => 'png', pdf: async () => 'pdf',
        title: async () => 'title', content: async () => 'content', close: async () => {},
      });
    const launch = async () => {
      world.failIf('launch');
      const pages = [];
      const browser = world.resource('browser', 'close', {
        newPage: async () => {
          const p = page();
          pages.push(p);
          return p;
        },
        newContext: async () => {
          const own = [];
          const context = world.resource('context', 'close', {
            newPage: async () => {
              const p = page();
              own.push(p);
              pages.push(p);
              return p;
            },
            cookies: async () => [],
            close: async () => own.forEach((p) => world.alive.delete(p)),
          });
          pages.push(context);
          return context;
        },
        close: async () => pages.forEach((p) => world.alive.delete(p)), // they go with it
      });
      return browser;
    };
    class Client {
      constructor() {
        this.own = [];
      }
      activate() {
        this.live = world.resource('client', 'end', { end: () => {} });
      }
      deactivate() {
        return world.slowly(() => {
          this.live?.end();
          this.own.forEach((s) => world.alive.delete(s));
        });
      }
      subscribe() {
        const s = world.resource('subscription', 'unsubscribe', { unsubscribe: () => {} });
        this.own.push(s);
        return s;
      }
    }
    world.schemas = new Set(); // that were compiled
    class Ajv {
      constructor() {
        this.entries = new Map();
      }
      addSchema(schema, id) {
        const s = world.resource('schema', 'drop', { drop: () => {} });
        this.entries.set(id, s);
      }
      compile(schema) {
        world.schemas.add(schema);
        return () => true;
      }
      validate(schema) {
        return this.compile(schema)();
      }
      removeSchema(id) {
        for (const [k, s] of [...this.entries]) {
          if (id === undefined || k === id) {
            s.drop();
            this.entries.delete(k);
          }
        }
      }
    }
    return {
      ...this.libraries,
      timers: this.globals,
      puppeteer: process.env.UNLEAK_CHROMIUM
        ? { launch: () => this.chromium(), default: { launch: () => this.chromium() }, __esModule: true }
        : { launch, default: { launch }, __esModule: true },
      playwright: { chromium: { launch, launchPersistentContext: async () => (await launch()).newContext() } },
      '@stomp/stompjs': { Client },
      ajv: { default: Ajv, __esModule: true },
      http: { ...http, createServer: (...args) => world.server(http.createServer(...args)) },
    };
  }

  // chromium is a real browser: alive while its process is.
  async chromium() {
    const browser = await require(process.env.UNLEAK_PUPPETEER).launch({
      executablePath: process.env.UNLEAK_CHROMIUM,
      timeout: 180000, // until it is there, with much else at work beside it
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    });
    this.alive.set(browser, 'chromium');
    browser.process().once('exit', () => this.alive.delete(browser));
    return browser;
  }

  // server is a real one: alive while it listens.
  server(s) {
    s.on('listening', () => this.alive.set(s, 'server'));
    s.on('close', () => this.alive.delete(s));
    return s;
  }

  // load evaluates a bundle in this world.
  load(code) {
    const known = this.modules();
    const need = (name) => known[name.replace(/^node:/, '')] ?? require(name);
    const module = { exports: {} };
    const g = this.globals;
    new Function('require', 'module', 'exports', ...Object.keys(g), code)(need, module, module.exports, ...Object.values(g));
    return module.exports;
  }

  // pause lets everything run that is due.
  pause(ms = 8) {
    return new Promise((resolve) => real.setTimeout(resolve, ms));
  }

  // sizes adds up the collections that an owner keeps.
  sizes() {
    let n = 0;
    for (const owner of this.tracked) {
      for (const v of Object.values(owner)) {
        if (v instanceof Set || v instanceof Map) n += v.size;
        else if (Array.isArray(v)) n += v.length;
      }
    }
    return n;
  }

  kill() {
    for (const [r, kind] of this.alive) {
      if (['setTimeout', 'setInterval', 'frame', 'idle'].includes(kind)) real.clearTimeout(r);
      if (kind === 'chromium') r.process().kill('SIGKILL');
      if (kind === 'http connection') r.destroy();
      if (kind === 'server') r.close(() => {}), r.closeAllConnections?.();
    }
  }
}

// scenario runs one way through the owner's life and counts what is left.
async function scenario(code, run, left) {
  const world = new World();
  const result = {};
  try {
    result.value = JSON.stringify(await run(world.load(code), world)) ?? 'undefined';
  } catch (err) {
    result.error = String(err && err.message);
  }
  result.closing = world.closing;
  await world.pause();
  result.alive = [...world.alive.values(), ...(await left())];
  result.twice = world.twice;
  result.sizes = world.sizes();
  result.made = world.made.size;
  result.counted = globalThis.__unleakMonitor?.snapshot() ?? { resources: [], failures: [] };
  globalThis.__unleakMonitor?.reset();
  world.kill();
  await actual?.kill();
  return result;
}

async function prove(cell) {
  const module = { exports: {} };
  new Function('module', 'exports', 'require', cell.drive)(module, module.exports, require);
  const problems = [];
  const nothing = async () => [];
  const census = async () => (actual ? actual.census(cell.id.split('/')[0]) : undefined);
  const counts = { before: 0, after: 0, scenarios: 0 };
  let made = 0;
  let monitored = 0;
  for (const [name, run] of Object.entries(module.exports)) {
    const gain = name.endsWith(' (gain)'); // what an offer adds: only `after` can do it
    let was = await census();
    const before = await scenario(cell.before, run, was ? () => was.left(100) : nothing);
    was = await census();
    const after = await scenario(cell.after, run, was ? () => was.left(5000) : nothing);
    counts.scenarios++;
    counts.before += before.alive.length;
    counts.after += after.alive.length;
    if (after.alive.length > 0) problems.push(`${name}: left after the fix: ${after.alive}`);
    if (after.closing > before.closing) problems.push(`${name}: ${after.closing} releases that nothing waits for after the fix`);
    if (after.twice > 0) problems.push(`${name}: ${after.twice} released twice after the fix`);
    if (!gain && before.value !== after.value) problems.push(`${name}: returned ${before.value}, now ${after.value}`);
    if (!gain && before.error !== after.error) problems.push(`${name}: threw ${before.error}, now ${after.error}`);
    made += after.made;
    for (const r of after.counted.resources) {
      monitored += r.acquired;
      const told = after.counted.failures.length > 0; // what failed to be released counts as alive
      if (r.live > 0 && !told) problems.push(`${name}: the monitor still counts ${r.live} ${r.kind} of ${r.owner}`);
      if (r.peak < 1 || r.acquired !== r.released + r.live) problems.push(`${name}: the monitor counts ${JSON.stringify(r)}`);
    }
    if (after.sizes > 0) problems.push(`${name}: the owner still tracks ${after.sizes}`);
    const world = new World();
    const m = world.load(cell.after);
    was = await census();
    for (let i = 0; i < (cell.rounds ?? 100); i++) await Promise.resolve(run(m, world)).catch(() => {});
    await world.pause();
    const stay = world.alive.size + (was ? (await was.left(5000)).length : 0);
    if (stay > 0) problems.push(`${name}: ${stay} left after ${cell.rounds ?? 'a hundred'} rounds`);
    if (world.sizes() > 0) problems.push(`${name}: a hundred rounds leave ${world.sizes()} tracked`);
    world.kill();
    await actual?.kill();
  }
  if (cell.monitored && made > 0 && monitored === 0) problems.push('the monitor has counted nothing');
  if (counts.scenarios === 0) problems.push('no scenarios');
  if (counts.before === 0) problems.push('nothing is left before the fix: the example proves nothing');
  return { id: cell.id, ...counts, problems };
}

process.on('unhandledRejection', () => {}); // an example's own business
(async () => {
  let text = '';
  for await (const chunk of process.stdin) text += chunk;
  await actual?.open();
  for (const cell of JSON.parse(text)) {
    console.log(JSON.stringify({ id: cell.id, begun: true }));
    let timer;
    const late = new Promise((resolve) => {
      // Browsers and servers take long to begin on a machine that has much else to do.
      timer = real.setTimeout(() => resolve({ id: cell.id, problems: ['hangs'] }), process.env.UNLEAK_CHROMIUM || actual ? 600000 : 20000);
    });
    const result = await Promise.race([prove(cell).catch((err) => ({ id: cell.id, problems: [String(err.stack)] })), late]);
    real.clearTimeout(timer);
    console.log(JSON.stringify(result));
  }
  await actual?.close();
  process.exit(0);
})();
