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
  process.on('unhandledRejection', (err) => errors.push(`nobody heard of ${err}`));
  const { addEventListener: listen } = window.EventTarget.prototype; // uncounted

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
        get [Symbol.toStringTag]() {
          return name;
        }
      });
    }
  }

  // Those of the emitters that programs make; what streams and the process hear is node's.
  function emitters() {
    const { EventEmitter } = require('node:events');
    const { on, off } = EventEmitter.prototype;
    const heard = new WeakMap(); // emitter -> event -> listener -> what stands for it
    const entry = (emitter, event, f) => {
      if (!heard.has(emitter)) heard.set(emitter, new Map());
      const events = heard.get(emitter);
      if (!events.has(event)) events.set(event, new Map());
      const listeners = events.get(event);
      if (!listeners.has(f)) listeners.set(f, { event });
      return listeners.get(f);
    };
    const counts = (emitter) => Object.getPrototypeOf(emitter) === EventEmitter.prototype;
    EventEmitter.prototype.on = EventEmitter.prototype.addListener = function (event, f) {
      if (counts(this)) live.set(entry(this, event, f), `listener for ${String(event)}`);
      return on.call(this, event, f);
    };
    EventEmitter.prototype.off = EventEmitter.prototype.removeListener = function (event, f) {
      if (counts(this)) live.delete(entry(this, event, f));
      return off.call(this, event, f);
    };
  }

  function connections() {
    for (const name of ['WebSocket', 'EventSource', 'BroadcastChannel', 'Worker', 'AudioContext', 'RTCPeerConnection']) {
      place(name, class extends window.EventTarget {
        constructor(url) {
          super();
          this.url = url;
          live.set(this, name);
        }
        get [Symbol.toStringTag]() { // frameworks ask whether it is a plain object
          return name;
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
    // A request that is never answered.
    place('fetch', (url, { signal } = {}) => new Promise((resolve, reject) => {
      const request = { url };
      live.set(request, 'request');
      if (!signal) return;
      listen.call(signal, 'abort', () => {
        live.delete(request);
        reject(new window.DOMException('given up', 'AbortError'));
      });
    }));
    place('MessageChannel', class {
      constructor() {
        const end = () => live.delete(this);
        this.port1 = { close: end, postMessage() {}, onmessage: null };
        this.port2 = { close: end, postMessage() {}, onmessage: null };
        live.set(this, 'MessageChannel');
      }
      get [Symbol.toStringTag]() {
        return 'MessageChannel';
      }
    });
    class MediaStream {
      active = true;
      #tracks = [];
      constructor() {
        const track = { stop: () => live.delete(track) };
        live.set(track, 'track of a MediaStream');
        this.#tracks.push(track);
      }
      getTracks() {
        return this.#tracks;
      }
      get [Symbol.toStringTag]() {
        return 'MediaStream';
      }
    }
    Object.defineProperty(window.navigator, 'mediaDevices', { configurable: true, value: { getUserMedia: async () => new MediaStream() } });
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
      emitters();
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
