// Stand-ins for clients of databases and brokers, for schedulers, and for what a
// browser has: they acquire and release in a world that counts.
'use strict';
const { EventEmitter } = require('events');
const electron = require('./fakes_electron.cjs');

// thing is alive until it is ended by one of the methods named in ends, each in
// its manner: `now`, `promise`, or `callback`, which a function among the
// arguments is called back from. What is in `own` goes with it.
function thing(world, kind, ends, methods = {}, t = new EventEmitter()) {
  Object.assign(t, methods);
  t.own = [];
  world.begin(t, kind);
  for (const [name, manner] of Object.entries(ends)) {
    t[name] = (...args) => {
      const was = t.gone;
      t.gone = true;
      if (!world.end(t) && was) {
        world.twice++;
        if (manner === 'promise') return Promise.reject(new Error(`${kind} is closed`));
      }
      drop(world, t);
      if (manner === 'promise') return world.slowly(async () => {});
      const done = args.find((a) => typeof a === 'function');
      if (manner === 'callback') world.closing++;
      setImmediate(() => {
        if (manner === 'callback') world.closing--;
        done?.();
        t.emit('end');
        t.emit('close');
      });
      return t;
    };
  }
  return t;
}

function drop(world, t) {
  for (const o of t.own) {
    world.alive.delete(o);
    o.gone = true;
    drop(world, o);
  }
}

// within makes something that goes with what it was made from.
function within(parent, made) {
  parent.own.push(made);
  return made;
}

// connecting is a class whose instances are alive from connect() to one of ends.
function connecting(world, kind, ends, methods = {}, connected = async (client) => client) {
  return class extends EventEmitter {
    constructor(settings) {
      super();
      this.settings = settings;
      for (const [name, run] of Object.entries(methods)) {
        this[name] = (...args) => {
          if (!this.live || this.live.gone) throw new Error(`${kind} is not connected`);
          return run(this.live, ...args);
        };
      }
      for (const name of Object.keys(ends)) this[name] = (...args) => this.live?.[name](...args) ?? Promise.resolve();
    }
    connect() {
      if (this.settings === world.places.nobody) return Promise.reject(new Error('refused'));
      this.live = thing(world, kind, ends, { url: this.settings });
      setImmediate(() => this.emit('ready'));
      return connected(this);
    }
  };
}

const run = async (sql) => {
  if (String(sql).includes('nonsense')) throw new Error('no such column');
  return [[1], []];
};

// answered is a function that returns a promise, or calls back if it is given a
// function last.
const answered = (f) => (...args) => {
  if (typeof args.at(-1) !== 'function') return f(...args);
  const done = args.pop();
  f(...args).then((value) => setImmediate(done, null, value), (err) => setImmediate(done, err));
};

function mysql(world) {
  const close = { end: 'promise', destroy: 'now' };
  const createPool = () => {
    const pool = thing(world, 'pool', { end: 'promise' }, {
      query: run,
      getConnection: async () => within(pool, thing(world, 'connection', { release: 'now', destroy: 'now' }, { query: run })),
    });
    return pool;
  };
  const promise = { createConnection: async () => thing(world, 'connection', close, { query: run, execute: run }), createPool };
  const answer = (sql, done) => setImmediate(() => (String(sql).includes('nonsense') ? done(new Error('no such column')) : done(null, [1])));
  const at = (done) => setImmediate(done, null);
  const pool = () => {
    const p = thing(world, 'pool', { end: 'callback' }, {
      getConnection: (done) => {
        const made = thing(world, 'connection', { release: 'now', destroy: 'now' }, { query: answer, beginTransaction: at, commit: at, rollback: at });
        setImmediate(done, null, within(p, made));
      },
    });
    return p;
  };
  const createConnection = () => thing(world, 'connection', { end: 'callback', destroy: 'now' }, { query: answer });
  return { promise, callback: { createConnection, createPool: pool } };
}

// cursor gives three things, one after the other or as many as are asked for, and ends itself with
// the last.
function cursor(world) {
  const left = [1, 2, 3];
  const over = () => {
    if (left.length === 0) world.alive.delete(c);
    return left.length === 0;
  };
  const c = thing(world, 'cursor', { close: 'promise' }, {
    hasNext: async () => !over(),
    next: async () => (over() ? null : { n: left.shift() }),
    nextv: async (most) => (over() ? [] : left.splice(0, most)),
    sort: () => c,
  });
  return c;
}

// winston makes loggers that hold their files.
function winston(world) {
  const createLogger = () => thing(world, 'logger', { close: 'now', end: 'now' }, { level: 'info', info: () => {} });
  return { createLogger, transports: { Console: class {}, File: class {} }, format: { json: () => ({}) } };
}

// renderers is the class of renderers, which cannot be of no size.
function renderers(world) {
  return function WebGLRenderer() {
    return thing(world, 'renderer', { dispose: 'now' }, {
      sortObjects: true,
      domElement: { remove: () => {}, toDataURL: () => 'data:,' },
      setSize: (width) => {
        if (width < 0) throw new Error('of no size');
      },
      render: () => {},
    });
  };
}

function mongo(world) {
  const collection = (client) => ({
    findOne: async () => (client.url === 'mongodb://empty' ? null : { n: 1 }),
    insertOne: answered(async (d) => {
      if (d.bad) throw new Error('not valid');
      return { acknowledged: true };
    }),
    find: () => within(client, cursor(world)),
    watch: () => within(client, thing(world, 'stream', { close: 'promise' }, { next: async () => ({ operationType: 'insert' }) })),
  });
  const methods = {
    db: (client) => ({ collection: () => collection(client), command: async () => ({ ok: 1 }) }),
    startSession: (client) => {
      const session = thing(world, 'session', { endSession: 'promise' }, {
        startTransaction: () => {}, inTransaction: () => true, commitTransaction: async () => {}, abortTransaction: async () => {}, withTransaction: (f) => f(session),
      });
      return within(client, session);
    },
  };
  const MongoClient = connecting(world, 'client', { close: 'promise' }, methods);
  MongoClient.connect = answered((url) => new MongoClient(url).connect());
  return { MongoClient };
}

function orm(world) {
  class DataSource {
    createQueryRunner() {
      const runner = thing(world, 'runner', { release: 'promise' }, {
        connect: async () => {}, query: run, commitTransaction: async () => {}, rollbackTransaction: async () => {},
        startTransaction: async () => {
          const transaction = thing(world, 'transaction', { commit: 'promise', rollback: 'promise' }); // releasing the runner does not end it
          runner.commitTransaction = () => transaction.commit();
          runner.rollbackTransaction = () => transaction.rollback();
        },
      });
      return runner;
    }
  }
  return { DataSource };
}

// query is one of knex: each call adds to it, and whoever awaits it runs it.
const query = (...said) => new Proxy({}, {
  get: (_, name) => {
    const answer = run(JSON.stringify(said)).then(([rows]) => ({ id: rows[0] }));
    answer.catch(() => {}); // of whoever only adds to it
    return name === 'then' ? answer.then.bind(answer) : (...args) => query(...said, ...args);
  },
});

function knex(world) {
  const transaction = async () => {
    return thing(world, 'transaction', { commit: 'promise', rollback: 'promise' }, {}, (table) => query(table));
  };
  return () => thing(world, 'pool', { destroy: 'promise' }, { raw: run, transaction }, (table) => query(table));
}

// The library of pg-promise, which its module makes, and which makes database objects. Its
// end() ends them all.
function pgPromise(world) {
  return () => {
    const made = [];
    const pgp = () => {
      const $pool = thing(world, 'pool', { end: 'promise' });
      made.push($pool);
      return { $pool, none: run, any: run, one: run };
    };
    return Object.assign(pgp, { end: () => made.forEach((pool) => pool.gone || pool.end()) });
  };
}

function sequelize(world) {
  class Sequelize {
    query = run;
    transaction = async () => thing(world, 'transaction', { commit: 'promise', rollback: 'promise' }, { afterCommit: () => {} });
  }
  return { Sequelize };
}

const redis = (world) => {
  const Client = connecting(world, 'client', { quit: 'promise', close: 'promise', disconnect: 'promise', destroy: 'now' }, {
    get: async () => null, incr: async () => 1, ping: async () => 'PONG',
  });
  return { createClient: (settings) => new Client(settings) };
};

function brokers(world) {
  const channel = {
    assertQueue: async () => ({}), checkQueue: async () => ({ messageCount: 0 }), sendToQueue: () => true, waitForConfirms: async () => {},
    consume: async () => ({ consumerTag: 'a' }),
  };
  const createChannel = (connection) => async () => within(connection, thing(world, 'channel', { close: 'promise' }, channel));
  const amqp = {
    connect: async () => {
      const connection = thing(world, 'connection', { close: 'promise' });
      connection.createChannel = connection.createConfirmChannel = createChannel(connection);
      return connection;
    },
  };
  const Client = connecting(world, 'client', { disconnect: 'promise' }, {
    send: async () => [], subscribe: async () => {}, run: async () => {}, listTopics: async () => [],
  }, async () => {});
  class Kafka {
    producer() {
      return new Client();
    }
    consumer() {
      return new Client();
    }
    admin() {
      return new Client();
    }
  }
  const mqtt = {
    connect: () => {
      const client = thing(world, 'client', { end: 'now', endAsync: 'promise' }, { publish: () => {}, subscribe: () => {}, connected: false });
      setImmediate(() => client.emit('connect'));
      return client;
    },
  };
  const nats = {
    connect: async () =>
      thing(world, 'connection', { close: 'promise', drain: 'promise' }, {
        publish: () => {}, subscribe: () => ({ unsubscribe: () => {} }), request: async () => ({ string: () => 'noon' }), isClosed: () => false,
      }),
  };
  return { amqp, Kafka, mqtt, nats };
}

function sockets(world) {
  const io = () => thing(world, 'socket', { disconnect: 'now', close: 'now' }, { emitWithAck: async (_, q) => q, connected: true });
  io.io = io.connect = io.default = io;
  const Server = function () {
    const server = thing(world, 'server', {}, { engine: { clientsCount: 0 } });
    server.close = (done) => {
      if (!world.end(server)) world.twice++;
      world.closing++;
      return new Promise((resolve) => {
        setImmediate(() => {
          world.closing--;
          done?.();
          resolve();
        });
      });
    };
    return server;
  };
  return { io, Server };
}

function primus(world) {
  return function () {
    return thing(world, 'primus', { destroy: 'now', end: 'now' }, { connected: 0 });
  };
}

function queues(world) {
  const make = (kind) =>
    function () {
      return thing(world, kind, { close: 'promise' }, { add: async () => ({ id: '1' }), count: async () => 0, isRunning: () => true });
    };
  return { Worker: make('worker'), Queue: make('queue'), QueueEvents: make('events'), FlowProducer: make('flow') };
}

function schedulers(world) {
  const schedule = () => thing(world, 'task', { stop: 'now', destroy: 'now' }, { getStatus: () => 'idle' });
  const scheduleJob = () => thing(world, 'job', { cancel: 'now' }, { nextInvocation: () => null });
  return { cron: { schedule }, jobs: { scheduleJob, cancelJob: (job) => job.cancel() } };
}

const exported = (module) => ({ ...module, default: module, __esModule: true });

function ssh(world) {
  const Client = connecting(world, 'client', { end: 'now', destroy: 'now' });
  return class extends Client {
    connect(settings) {
      super.connect(settings);
      return this;
    }
    setNoDelay() {
      return this;
    }
  };
}

function threads(world) {
  const Piscina = function () {
    return thing(world, 'pool', { destroy: 'promise', close: 'promise' }, {
      queueSize: 0,
      run: async (text) => {
        if (text === '') throw new Error('nothing to do');
        return text;
      },
    });
  };
  return Object.assign(Piscina, { Piscina, default: Piscina, __esModule: true });
}

function database(world) {
  return function () {
    return thing(world, 'database', { close: 'now' }, { open: true, exec: () => {}, listenerCount: () => 0, prepare: () => ({ get: () => ({ n: 1 }) }) });
  };
}

function mail(world) {
  const sendMail = async ({ to }) => {
    if (!to) throw new Error('no recipient');
    return { accepted: [to] };
  };
  return { createTransport: () => thing(world, 'transport', { close: 'now' }, { sendMail, isIdle: () => true }) };
}

// The process's input, whose reader answers what it is asked.
function readline(world, awaited) {
  const question = awaited ? async () => 'yes' : (_q, done) => setImmediate(done, 'yes');
  return { createInterface: () => thing(world, 'interface', { close: 'now' }, { question, line: '' }) };
}

// Loggers: what they write to is alive until it is ended.
function pino(world) {
  const out = (kind) => () => thing(world, kind, { end: 'now' }, { write: () => true });
  return Object.assign(() => ({ info() {} }), { destination: out('destination'), transport: out('transport') });
}

// The database of sqlite3, whose verbose() gives the module again.
function sqlite3(world) {
  const made = { Database: database(world), OPEN_READWRITE: 2, verbose: () => made };
  return made;
}

// services are the modules.
function services(world) {
  const sql = mysql(world);
  const { amqp, Kafka, mqtt, nats } = brokers(world);
  const { io, Server } = sockets(world);
  const { cron, jobs } = schedulers(world);
  const bull = queues(world);
  return {
    'mysql2/promise': exported(sql.promise),
    mysql2: sql.callback,
    mysql: sql.callback,
    mongodb: mongo(world),
    typeorm: orm(world),
    lodash: exported({ debounce: debounced(world), throttle: debounced(world) }),
    'lodash/throttle': debounced(world),
    undici: http(world),
    vscode: editor(world),
    electron: electron(world),
    sequelize: sequelize(world),
    mobx: reactions(world),
    'react-native': native(world),
    evtd: exported({
      on: (event, target, f, options) => target.addEventListener(event, f, options),
      off: (event, target, f, options) => target.removeEventListener(event, f, options),
    }),
    '@lumino/signaling': { Signal: { clearData() {} } }, // of arrow functions that are connected alone it knows nothing
    knex: { knex: knex(world), default: knex(world), __esModule: true },
    'pg-promise': Object.assign(pgPromise(world), { default: pgPromise(world), __esModule: true }),
    level: { Level: class { iterator = () => cursor(world); } },
    redis: redis(world),
    amqplib: exported(amqp),
    kafkajs: { Kafka },
    mqtt: exported(mqtt),
    nats,
    'socket.io-client': Object.assign(io, { __esModule: true }),
    'socket.io': { Server },
    primus: primus(world),
    bullmq: bull,
    bull: bull.Queue,
    'node-cron': exported(cron),
    'node-schedule': exported(jobs),
    piscina: threads(world),
    'better-sqlite3': database(world),
    sqlite: { DatabaseSync: database(world) },
    sqlite3: sqlite3(world),
    nodemailer: exported(mail(world)),
    pino: exported(pino(world)),
    winston: exported(winston(world)),
    three: { WebGLRenderer: renderers(world), Scene: class {}, PerspectiveCamera: class {} },
    ssh2: { Client: ssh(world) },
    readline: readline(world, false),
    'readline/promises': readline(world, true),
  };
}

// channels is the class of two ports, which are both closed when one is.
function channels(world) {
  return function MessageChannel() {
    const close = () => world.end(this);
    const port = (other) => Object.assign(new EventEmitter(), { close, postMessage: (data) => setImmediate(() => world.alive.has(this) && this[other].onmessage?.({ data })) });
    this.port1 = port('port2');
    this.port2 = port('port1');
    world.begin(this, 'channel');
  };
}

// debounced is a function that runs when nobody has called it for some time. It is
// taken to have been called once when it is made.
const debounced = (world) => (f, ms) => {
  let timer;
  const run = (...args) => {
    world.globals.clearTimeout(timer);
    timer = world.globals.setTimeout(f, ms, ...args);
  };
  run();
  return Object.assign(run, { cancel: () => world.globals.clearTimeout(timer), flush: () => {} });
};

// reactions are MobX's, each ended by the function that making it gives back.
function reactions(world) {
  const made = () => {
    const r = {};
    world.begin(r, 'reaction');
    return () => {
      if (!world.end(r)) world.twice++;
    };
  };
  return { autorun: made, reaction: made, when: made };
}

// native is React Native, whose events give back what ends them.
function native(world) {
  const made = () => world.resource('native event', 'remove', {});
  const of = { addEventListener: made, addListener: made };
  return { AppState: of, Keyboard: of, Dimensions: of, BackHandler: of };
}

// editor has an event under every name.
function editor(world) {
  const events = new Proxy({}, { get: () => () => thing(world, 'listener', { dispose: 'now' }) });
  return { window: events, workspace: events };
}

function http(world) {
  const make = function () {
    return thing(world, 'dispatcher', { close: 'promise', destroy: 'promise' }, {
      closed: false,
      request: async ({ path }) => {
        if (path === '/nowhere') throw new Error('refused');
        return { statusCode: 200, body: { dump: async () => {} } };
      },
    });
  };
  return { Client: make, Pool: make, Agent: make };
}

// locking is a stream whose readers are alive until it is at its end, or they let go of it.
function locking(world, stream) {
  const { getReader, pipeThrough } = stream;
  stream.pipeThrough = (...args) => locking(world, pipeThrough.apply(stream, args));
  stream.getReader = () => {
    const reader = getReader.call(stream);
    world.begin(reader, 'reader');
    const ends = (name, over) => {
      const method = reader[name].bind(reader);
      reader[name] = (...args) => {
        const result = method(...args);
        if (!over) world.end(reader);
        return over ? result.then((value) => (over(value) && world.alive.delete(reader), value)) : result;
      };
    };
    ends('read', (next) => next.done);
    ends('cancel');
    ends('releaseLock');
    return reader;
  };
  return stream;
}

// globals are those of a browser.
function globals(world) {
  const made = (kind, ends, methods) =>
    function (url) {
      const t = thing(world, kind, ends, methods);
      t.addEventListener = (event, listener) => t.on(event, listener);
      setImmediate(() => {
        if (url === world.places.nobody) t.broken = true;
        if (t.broken) t.onerror?.(new Error('refused'));
        else if (kind === 'source') t.onmessage?.({ data: 'news' });
      });
      return t;
    };
  const audio = {
    state: 'running', destination: {}, createOscillator: () => ({ connect: () => {}, start: () => {} }), decodeAudioData: async () => ({ duration: 2 }),
  };
  const postMessage = function (data) {
    setImmediate(() => world.alive.has(this) && !this.broken && this.onmessage?.({ data }));
  };
  const URL = class extends globalThis.URL {
    static createObjectURL() {
      const url = `blob:${world.made.size}`;
      world.begin(url, 'url');
      return url;
    }
    static revokeObjectURL(url) {
      world.end(url);
    }
  };
  class Blob extends globalThis.Blob {
    stream() {
      return locking(world, super.stream());
    }
  }
  const mediaDevices = {
    active: true,
    getUserMedia: async () => {
      const stop = () => world.end(stream);
      const stream = { id: 'stream', active: mediaDevices.active, getTracks: () => [{ stop }] };
      world.begin(stream, 'stream');
      return stream;
    },
  };
  class Observer {
    observe() {
      this.live ??= thing(world, 'observer', { disconnect: 'now' });
    }
    disconnect() {
      if (this.live && !this.live.gone) this.live.disconnect();
      this.live = undefined;
    }
    takeRecords() {
      return [];
    }
  }
  return {
    URL,
    Blob,
    fetch: async () => ({ body: new Blob(['a', 'b', 'c']).stream() }),
    navigator: { mediaDevices },
    MessageChannel: channels(world),
    IntersectionObserver: Observer,
    ResizeObserver: Observer,
    PerformanceObserver: Observer,
    MutationObserver: Observer,
    EventSource: made('source', { close: 'now' }, { readyState: 1 }),
    BroadcastChannel: made('channel', { close: 'now' }, { name: 'news', postMessage: () => {} }),
    AudioContext: made('context', { close: 'promise' }, audio),
    RTCPeerConnection: made('connection', { close: 'now' }, { createOffer: async () => ({ sdp: 'offer' }), connectionState: 'new' }),
    Worker: made('worker', { terminate: 'now' }, { postMessage, onmessage: null }),
  };
}

module.exports = { services, globals };
