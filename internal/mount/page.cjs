// A page of jsdom in the globals of this process, in which timers, listeners, observers
// and connections are counted. Frameworks are loaded before what is counted is put in
// place (adapters call page.watch when they have loaded theirs), so that their own timers
// are not.
'use strict';

exports.open = (home) => {
  const { JSDOM } = home('jsdom');
  const { window } = new JSDOM('<!doctype html><body></body>', { url: 'http://localhost/', pretendToBeVisual: true });
  const live = new Map(); // resource -> what it is
  const errors = [];
  let containers = new WeakSet();
  let watching = false;

  for (const name of Object.getOwnPropertyNames(window)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { configurable: true, writable: true, value: window[name] });
  }
  for (const name of ['Event', 'EventTarget', 'CustomEvent', 'MessageEvent', 'AbortController', 'AbortSignal', 'document', 'navigator', 'location']) {
    Object.defineProperty(globalThis, name, { configurable: true, writable: true, value: window[name] });
  }
  globalThis.window = window;
  globalThis.self = window;
  window.addEventListener('error', (e) => errors.push(e.error?.message ?? e.message));

  const place = (name, value) => {
    Object.defineProperty(globalThis, name, { configurable: true, writable: true, value });
    Object.defineProperty(window, name, { configurable: true, writable: true, value });
  };

  function timers() {
    const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout, setInterval: globalThis.setInterval };
    let last = 1000;
    const running = new Map(); // id -> what node gave
    const begin = (kind, make, once) => (callback, ms, ...args) => {
      const id = ++last;
      const timer = make((...given) => {
        if (once) end(id);
        callback(...given, ...args);
      }, ms);
      timer.unref();
      running.set(id, timer);
      live.set(`${kind} ${id}`, kind);
      return id;
    };
    const end = (id) => {
      if (!running.has(id)) return;
      real.clearTimeout(running.get(id));
      running.delete(id);
      for (const kind of ['timeout', 'interval', 'frame', 'idle']) live.delete(`${kind} ${id}`);
    };
    place('setTimeout', begin('timeout', real.setTimeout, true));
    place('setInterval', begin('interval', real.setInterval, false));
    const soon = (value) => (callback, ms) => real.setTimeout(() => callback(value()), ms ?? 50); // long enough to unmount before it, on a busy machine, too
    const frame = begin('frame', soon(() => performance.now()), true);
    const idle = begin('idle', soon(() => ({ didTimeout: false, timeRemaining: () => 1 })), true);
    place('requestAnimationFrame', (f) => frame(f));
    place('requestIdleCallback', (f) => idle(f));
    for (const name of ['clearTimeout', 'clearInterval', 'cancelAnimationFrame', 'cancelIdleCallback']) place(name, end);
    return () => {
      for (const id of [...running.keys()]) end(id);
    };
  }

  // A listener is alive as long as the target is part of the page, or no part of one.
  function listeners() {
    const { addEventListener, removeEventListener } = window.EventTarget.prototype;
    const keyOf = (target, type, f, options) => {
      let known = ids.get(target);
      if (!known) ids.set(target, (known = new Map()));
      const capture = typeof options === 'object' && options !== null ? Boolean(options.capture) : Boolean(options);
      const name = `${type} ${capture}`;
      let of = known.get(name);
      if (!of) known.set(name, (of = new Map()));
      if (!of.has(f)) of.set(f, { type });
      return of.get(f);
    };
    let ids = new WeakMap();
    const counts = (target) => target === window || !(target instanceof window.Node) || (!inside(target) && target.isConnected);
    window.EventTarget.prototype.addEventListener = function (type, f, options) {
      const target = this ?? window;
      addEventListener.call(target, type, f, options);
      if (!f || options?.once || !counts(target)) return;
      const key = keyOf(target, type, f, options);
      if (!options?.signal?.aborted) live.set(key, `listener for ${type}`);
      if (options?.signal) addEventListener.call(options.signal, 'abort', () => live.delete(key));
    };
    window.EventTarget.prototype.removeEventListener = function (type, f, options) {
      const target = this ?? window;
      removeEventListener.call(target, type, f, options);
      live.delete(keyOf(target, type, f, options));
    };
    // those of the page are own properties there
    window.addEventListener = window.EventTarget.prototype.addEventListener.bind(window);
    window.removeEventListener = window.EventTarget.prototype.removeEventListener.bind(window);
    globalThis.addEventListener = window.addEventListener;
    globalThis.removeEventListener = window.removeEventListener;
  }

  const inside = (node) => {
    for (; node; node = node.parentNode) if (containers.has(node)) return true;
    return false;
  };

  function observers() {
    for (const name of ['ResizeObserver', 'IntersectionObserver', 'MutationObserver', 'PerformanceObserver']) {
      place(name, class {
        #targets = new Set();
        constructor(callback) {
          this.callback = callback;
        }
        observe(target) {
          this.#targets.add(target);
          live.set(this, name);
        }
        unobserve(target) {
          this.#targets.delete(target);
          if (this.#targets.size === 0) live.delete(this);
        }
        disconnect() {
          this.#targets.clear();
          live.delete(this);
        }
        takeRecords() {
          return [];
        }
      });
    }
  }

  function connections() {
    for (const name of ['WebSocket', 'EventSource', 'BroadcastChannel', 'Worker']) {
      place(name, class extends window.EventTarget {
        constructor(url) {
          super();
          this.url = url;
          live.set(this, name);
        }
        send() {}
        postMessage() {}
        close() {
          live.delete(this);
        }
        terminate() {
          live.delete(this);
        }
      });
    }
    window.URL.createObjectURL = () => {
      const url = `blob:${Math.random()}`;
      live.set(url, 'object URL');
      return url;
    };
    window.URL.revokeObjectURL = (url) => live.delete(url);
    globalThis.URL.createObjectURL = window.URL.createObjectURL;
    globalThis.URL.revokeObjectURL = window.URL.revokeObjectURL;
  }

  let stop = () => {};
  return {
    window, live, errors,
    // own says in which container a component is mounted: what listens there ends with it.
    own: (container) => containers.add(container),
    // watch begins to count.
    watch() {
      if (watching) return;
      watching = true;
      stop = timers();
      listeners();
      observers();
      connections();
    },
    // forget ends all that a cell has left.
    forget() {
      stop();
      live.clear();
      containers = new WeakSet();
      errors.length = 0;
    },
  };
};
