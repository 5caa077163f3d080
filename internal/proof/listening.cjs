// Emitters, and targets of the page, whose listeners a world counts as alive.
'use strict';
const { EventEmitter } = require('events');

// emitter is one of Node's: each registration is alive until it is taken away or,
// once, has fired.
function emitter(world) {
  const e = new EventEmitter();
  const all = [];
  const own = ['newListener', 'removeListener'];
  e.on('newListener', (event, f) => {
    if (own.includes(event)) return;
    const r = {};
    all.push({ event, f, r });
    world.begin(r, `listener for ${event}`);
  });
  e.on('removeListener', (event, f) => {
    const i = all.findLastIndex((l) => l.event === event && l.f === f);
    if (i >= 0) world.end(all.splice(i, 1)[0].r);
  });
  return e;
}

// classes are EventTarget and AbortController for one world.
function classes(world) {
  class Target extends EventTarget {
    #all = [];

    addEventListener(event, f, options) {
      const { capture = false, once = false, signal } = typeof options === 'object' ? options : { capture: options };
      if (signal?.aborted || this.#find(event, f, capture) >= 0) return;
      const r = {};
      this.#all.push({ event, f, capture: !!capture, r });
      world.begin(r, `listener for ${event}`);
      const forget = () => this.#forget(event, f, capture);
      if (once) super.addEventListener(event, forget, { once: true });
      signal?.addEventListener('abort', forget, { once: true });
      super.addEventListener(event, f, options);
    }

    removeEventListener(event, f, options) {
      this.#forget(event, f, typeof options === 'object' ? options.capture : options);
      super.removeEventListener(event, f, options);
    }

    #find(event, f, capture) {
      return this.#all.findIndex((l) => l.event === event && l.f === f && l.capture === !!capture);
    }

    #forget(event, f, capture) {
      const i = this.#find(event, f, capture);
      if (i >= 0) world.end(this.#all.splice(i, 1)[0].r);
    }
  }

  class Signal extends Target {
    aborted = false;
    reason = undefined;
    throwIfAborted() {
      if (this.aborted) throw this.reason;
    }
  }

  class AbortController {
    signal = new Signal();
    abort(reason = new Error('aborted')) {
      if (this.signal.aborted) return;
      Object.assign(this.signal, { aborted: true, reason });
      this.signal.dispatchEvent(new Event('abort'));
    }
  }

  return { EventTarget: Target, AbortController };
}

module.exports = { emitter, classes };
