// Stand-ins for libraries: they acquire and release in a world that counts, and
// do as little else as the examples need.
'use strict';
const { EventEmitter } = require('events');
const fs = require('fs');
const zlib = require('zlib');
const net = require('net');
const { services, globals } = require('./fakes_services.cjs');

// places are what the examples open; the real ones are in real_libs.cjs.
const places = {
  socket: 'ws://there', nobody: 'ws://nobody', folder: 'folder', file: 'file', other: 'other', none: 'none', scratch: 'scratch',
  script: 'script', sleeper: 'sleeper', port: 1, postgres: {}, noPostgres: { host: 'nobody' }, redis: 1,
};

// emitter is something alive that tells what happens to it, until one of the
// methods named ends is called.
function emitter(world, kind, ends, methods = {}) {
  const e = Object.assign(new EventEmitter(), methods);
  world.begin(e, kind);
  for (const name of ends) {
    e[name] = (done) => {
      if (!world.end(e) && !e.failed) world.twice++;
      setImmediate(() => {
        e.tell('exit', 0);
        e.tell('close');
      });
      if (typeof done === 'function') setImmediate(done);
      return Promise.resolve();
    };
  }
  e[Symbol.dispose] = () => void e[ends[0]]();
  e[Symbol.asyncDispose] = async () => e[ends[0]]();
  // tell calls listeners in the manners of node and of browsers.
  e.tell = (event, value) => {
    if (event !== 'error' || e.listenerCount('error') > 0) e.emit(event, value);
    e[`on${event}`]?.({ data: value });
  };
  e.fail = (text) => {
    e.failed = true;
    world.alive.delete(e);
    e.tell('error', new Error(text));
    e.tell('close');
  };
  e.addEventListener = (event, listener) => e.on(event, (value) => listener({ data: value }));
  return e;
}

function socketClass(world) {
  return function WebSocket(url) {
    const socket = emitter(world, 'socket', ['close', 'terminate'], {
      send: (text) => setImmediate(() => socket.tell('message', text)),
    });
    setImmediate(() => (url === places.nobody ? socket.fail('refused') : socket.tell('open')));
    return socket;
  };
}

function rxjs(world) {
  const observe = () => world.resource('subscription', 'unsubscribe', { unsubscribe: () => {} });
  class Subject {
    constructor() {
      this.each = new Map();
    }
    subscribe(observer) {
      const s = observe();
      this.each.set(s, observer);
      return s;
    }
    next(value) {
      for (const [s, observer] of this.each) if (world.alive.has(s)) observer(value);
    }
  }
  return { Subject, BehaviorSubject: Subject, ReplaySubject: Subject, interval: () => ({ subscribe: observe }) };
}

function files(world) {
  const sizes = { file: 4, other: 5, scratch: 0 };
  const open = async (path) => {
    if (!(path in sizes)) throw new Error(`${path} is not there`);
    return emitter(world, 'file', ['close'], {
      stat: async () => ({ size: sizes[path] }),
      readFile: async () => 'text',
      read: async (buffer) => ({ buffer, bytesRead: 0 }),
      write: async () => {},
    });
  };
  const watch = (_path, listener) => {
    const watcher = emitter(world, 'watcher', ['close']);
    if (listener) watcher.on('change', (name) => listener('change', name));
    return watcher;
  };
  const stream = (path) => Object.assign(flowing(world), { path, pipe: (to) => to });
  const written = (path) => {
    const to = stream(path);
    if (path === places.folder) setImmediate(() => to.fail('it is a folder'));
    return to;
  };
  return { ...fs, watch, ...descriptors(world, sizes), createReadStream: stream, createWriteStream: written, promises: { ...fs.promises, open } };
}

// descriptors are those of node's functions that open and close by number.
function descriptors(world, sizes) {
  const paths = new Map();
  const missing = (path) => Object.assign(new Error(`${path} is not there`), { code: 'ENOENT' });
  const now = {
    open: (path) => {
      if (!(path in sizes) && path !== places.folder) throw missing(path);
      const fd = 1000 + world.made.size;
      paths.set(fd, path);
      world.begin(fd, 'fd');
      return fd;
    },
    close: (fd) => void (world.end(fd) || world.twice++),
    fstat: (fd) => ({ size: sizes[paths.get(fd)] ?? 4096 }),
    read: (fd, buffer) => {
      if (paths.get(fd) === places.folder) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
      return Math.min(buffer.length, sizes[paths.get(fd)]);
    },
    write: () => 0,
    futimes: () => {},
    stat: (path) => {
      if (!(path in sizes)) throw missing(path);
      return { size: sizes[path] };
    },
  };
  const out = {};
  for (const [name, run] of Object.entries(now)) {
    out[`${name}Sync`] = run;
    out[name] = (...args) => {
      const done = args.pop();
      setImmediate(() => {
        let value;
        try {
          value = run(...args);
        } catch (err) {
          return done(err);
        }
        done(null, value);
      });
    };
  }
  return out;
}

function postgres(world) {
  const query = async (sql) => {
    if (sql.includes('nonsense')) throw new Error('no such column');
    return { rows: sql.includes('false') ? [] : [1] };
  };
  const answering = (sql, done) => {
    const result = query(sql);
    if (!done) return result;
    result.then((rows) => setImmediate(done, null, rows), (err) => setImmediate(done, err));
  };
  class Pool {
    connect(done) {
      const client = emitter(world, 'client', ['release'], { query: answering });
      if (!done) return Promise.resolve(client);
      setImmediate(done, null, client, () => client.release());
    }
  }
  class Client {
    constructor(settings) {
      this.settings = settings;
    }
    async connect() {
      if (this.settings.host === 'nobody') throw new Error('refused');
      this.live = emitter(world, 'client', ['end'], { query });
    }
    query(sql) {
      return this.live.query(sql);
    }
    end() {
      return this.live.end();
    }
  }
  return { Pool, Client };
}

// libraries are the modules that an example may require.
function libraries(world) {
  const connect = (_port, _host, connected) => {
    const socket = emitter(world, 'socket', ['destroy', 'end'], {
      write: (text) => setImmediate(() => socket.tell('data', String(text).toLowerCase())),
    });
    if (connected) socket.on('connect', connected);
    setImmediate(() => socket.tell('connect'));
    return socket;
  };
  class Socket extends EventEmitter {
    connect(...args) {
      this.live = connect(...args);
      for (const event of ['connect', 'data', 'close']) this.live.on(event, (value) => this.emit(event, value));
      return this;
    }
    write(text) {
      this.live.write(text);
    }
    destroy() {
      this.live?.destroy();
      return this;
    }
  }
  const WebSocket = socketClass(world);
  WebSocket.WebSocket = WebSocket;
  WebSocket.WebSocketServer = WebSocket.Server = function () {
    return emitter(world, 'server', ['close'], { clients: new Set() });
  };
  const chokidar = { watch: () => emitter(world, 'watcher', ['close']) };
  const Worker = function (_script, options) {
    const worker = emitter(world, 'worker', ['terminate'], { postMessage: (m) => setImmediate(() => worker.tell('message', m)) });
    if (options) worker.postMessage(options.workerData);
    return worker;
  };
  const spawn = (_command, args = []) => {
    const child = emitter(world, 'child', ['kill'], { stdout: new EventEmitter() });
    setImmediate(() => child.tell('spawn'));
    const [, said] = /echo (\w+)/.exec(args.join(' ')) ?? [];
    if (said) setImmediate(() => child.stdout.emit('data', said));
    return child;
  };
  const createSocket = () =>
    emitter(world, 'socket', ['close'], {
      bind() {
        setImmediate(() => this.tell('listening'));
      },
      address: () => ({ port: 1 }),
    });
  const Redis = function () {
    return emitter(world, 'client', ['quit', 'disconnect'], { get: async () => null });
  };
  Redis.default = Redis.Redis = Redis;
  Redis.__esModule = true;
  const watched = files(world);
  return {
    rxjs: rxjs(world),
    ws: WebSocket,
    chokidar: { ...chokidar, default: chokidar, __esModule: true },
    fs: watched,
    zlib: Object.fromEntries(Object.entries(zlib).map(([name, f]) => [name, name.startsWith('create') ? () => flowing(world) : f])),
    'fs/promises': watched.promises,
    worker_threads: { Worker, MessageChannel: globals(world).MessageChannel },
    perf_hooks: { ...require('perf_hooks'), PerformanceObserver: globals(world).PerformanceObserver },
    child_process: { spawn, fork: spawn },
    net: { ...net, Socket, connect, createConnection: connect, createServer: (...args) => world.server(net.createServer(...args)) },
    dgram: { createSocket },
    pg: postgres(world),
    ioredis: Redis,
    ...services(world),
  };
}

// flowing is a stream of a file, or of zlib: whatever ends it ends it once.
function flowing(world) {
  return Object.assign(emitter(world, 'stream', ['close', 'destroy', 'end']), { write: () => true, bytesWritten: 0 });
}

// touch changes a file in the folder that is watched.
function touch(world, name) {
  setImmediate(() => {
    for (const [r, kind] of world.alive) if (kind === 'watcher') r.tell('change', name);
  });
}

module.exports = { places, libraries, globals, touch };
