// The real libraries, for the proof that nothing of them is left: what an
// example requires is the library itself, which remembers what it made only so
// that a leak can be ended; what is left is asked of the system, of the servers
// that were connected to, and of the libraries' own counts.
//
// UNLEAK_REAL is a node_modules folder; UNLEAK_POSTGRES the folder of a server's
// socket, UNLEAK_REDIS a port on the loopback.
'use strict';
const { createRequire } = require('module');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const processes = require('child_process');
const need = createRequire(path.join(process.env.UNLEAK_REAL, 'any.js'));
const WebSocket = need('ws');
const rxjs = need('rxjs');
const chokidar = need('chokidar');
const pg = need('pg');
const Redis = need('ioredis');
const Primus = need('primus');
const winston = need('winston');

const places = { nobody: 'ws://127.0.0.1:1' };
const kept = new Map(); // what an example made -> how it is ended at last
const numbers = new Set(); // descriptors that are open
const pools = new Set();
const subjects = new Set();
const own = {}; // servers, and clients that watch servers

function keep(made, end) {
  kept.set(made, end);
  return made;
}

// A number is given again once it was closed, so that it may be closed at last only
// if nobody has.
function keepNumber(fd) {
  numbers.add(fd);
  return fd;
}

// keeping is a class that remembers its instances.
const keeping = (Class, end) =>
  class extends Class {
    constructor(...args) {
      super(...args);
      keep(this, end);
    }
  };

function libraries(world) {
  const call = (f, end) => (...args) => keep(f(...args), end);
  const open = async (...args) => keep(await fs.promises.open(...args), (file) => file.close().catch(() => {}));
  const promises = { ...fs.promises, open };
  const watch = call(fs.watch, (w) => w.close());
  const follow = call(chokidar.watch, (w) => w.close());
  const Socket = keeping(WebSocket, (s) => s.terminate());
  Socket.WebSocket = Socket;
  Socket.WebSocketServer = Socket.Server = keeping(WebSocket.Server, (s) => s.close());
  const subject = (Class) =>
    class extends Class {
      constructor(...args) {
        super(...args);
        subjects.add(this);
      }
    };
  const Client = keeping(pg.Client, (c) => c.end().catch(() => {}));
  class Pool extends pg.Pool {
    constructor(settings) {
      super({ ...settings, Client });
      pools.add(this);
    }
  }
  const Cache = keeping(Redis, (c) => c.disconnect());
  for (const name of ['default', 'Redis']) Object.defineProperty(Cache, name, { value: Cache });
  Object.defineProperty(Cache, '__esModule', { value: true });
  const connect = call(net.connect, (s) => s.destroy());
  const subscriptions = (...args) => {
    const ticks = rxjs.interval(...args);
    return { subscribe: (...a) => keep(ticks.subscribe(...a), (s) => s.unsubscribe()) };
  };
  return {
    rxjs: { ...rxjs, Subject: subject(rxjs.Subject), BehaviorSubject: subject(rxjs.BehaviorSubject), interval: subscriptions },
    ws: Socket,
    chokidar: { ...chokidar, watch: follow, default: { watch: follow }, __esModule: true },
    fs: {
      ...fs,
      watch,
      createReadStream: call(fs.createReadStream, (s) => s.destroy()),
      promises,
      openSync: (...args) => keepNumber(fs.openSync(...args)),
      open: (...args) => fs.open(...args.slice(0, -1), (err, fd) => args.at(-1)(err, err ? fd : keepNumber(fd))),
      closeSync: (fd) => (numbers.delete(fd), fs.closeSync(fd)),
      close: (fd, ...args) => (numbers.delete(fd), fs.close(fd, ...args)),
    },
    'fs/promises': promises,
    worker_threads: { Worker: keeping(require('worker_threads').Worker, (w) => w.terminate()) },
    child_process: { spawn: call(processes.spawn, (c) => c.kill('SIGKILL')), fork: call(processes.fork, (c) => c.kill('SIGKILL')) },
    net: { ...net, Socket: keeping(net.Socket, (s) => s.destroy()), connect, createConnection: connect, createServer: call(net.createServer, (s) => s.close()) },
    dgram: { createSocket: call(require('dgram').createSocket, close) },
    pg: { Pool, Client },
    ioredis: Cache,
    winston: { ...winston, transports: winston.transports, createLogger: call(winston.createLogger, (l) => l.close()) },
    primus: keeping(Primus, (p) => p.destroy({ close: false })),
  };
}

function close(socket) {
  try {
    socket.close();
  } catch {
    // it is closed
  }
}

// resources counts what keeps node's event loop alive.
const resources = (...types) => process.getActiveResourcesInfo().filter((t) => types.includes(t)).length;
const entries = (folder) => fs.readdirSync(folder).length;
const connections = (server) => new Promise((resolve) => server.getConnections((_, n) => resolve(n)));

// counts says, by kind, how many there are now.
const counts = {
  'rxjs-subscription': () => [...subjects].reduce((n, s) => n + s.observers.length, resources('Timeout')),
  websocket: () => own.sockets.clients.size,
  'websocket-client': () => own.sockets.clients.size,
  'websocket-server': () => resources('TCPServerWrap'),
  'primus-server': () => resources('Timeout'), // what it pings its clients by
  'chokidar-watcher': () => resources('FSEventWrap'),
  'fs-watcher': () => resources('FSEventWrap'),
  'file-handle': () => entries('/proc/self/fd'),
  'file-descriptor': () => entries('/proc/self/fd'),
  'file-read-stream': () => entries('/proc/self/fd'),
  'winston-logger': () => entries('/proc/self/fd'),
  worker: () => entries('/proc/self/task'),
  'child-process': () => resources('ProcessWrap'),
  'net-server': () => resources('TCPServerWrap'),
  'net-socket': () => connections(own.echo),
  'dgram-socket': () => resources('UDPWrap'),
  'pool-client': () => [...pools].reduce((n, p) => n + p.totalCount - p.idleCount, 0),
  'pg-client': async () => Number((await own.monitor.query("select count(*) from pg_stat_activity where backend_type = 'client backend'")).rows[0].count),
  'redis-client': async () => (await own.redis.client('LIST')).trim().split('\n').length,
};

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// census counts now; left says later what has come and not gone, and waits for
// that at most so long.
async function census(kind) {
  const count = counts[kind];
  if (!count) throw new Error(`nothing real can be counted for ${kind}`);
  await pause(1); // in a timer's callback, as below
  const base = await count();
  return {
    async left(ms) {
      const late = Date.now() + ms;
      for (;;) {
        await pause(5);
        const more = (await count()) - base;
        if (more <= 0 || Date.now() > late) return Array(Math.max(0, more)).fill(kind);
      }
    },
  };
}

// kill ends what an example left.
async function kill() {
  const all = [...kept];
  kept.clear();
  for (const fd of numbers) fs.closeSync(fd);
  numbers.clear();
  for (const pool of pools) if (!pool.ending) pool.end(() => {});
  pools.clear();
  subjects.clear();
  await Promise.all(
    all.map(([made, end]) => {
      made.on?.('error', () => {}); // of being ended from outside
      return end(made);
    }),
  );
  for (let i = 0; i < 100 && resources('ProcessWrap') > 0; i++) await pause(5);
}

async function open() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'real-'));
  const put = (name, text) => {
    fs.writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  own.files = folder;
  Object.assign(places, {
    folder: path.join(folder, 'watched'), file: put('file', 'text'), other: put('other', 'longer'), scratch: put('scratch', ''),
    none: path.join(folder, 'none'),
    script: put('echo.js', "const { parentPort, workerData } = require('worker_threads'); parentPort.on('message', (m) => parentPort.postMessage(m)); if (workerData) parentPort.postMessage(workerData);"),
    sleeper: put('sleep.js', 'setTimeout(() => {}, 30000);'),
  });
  fs.mkdirSync(places.folder);
  own.sockets = new WebSocket.Server({ port: 0, host: '127.0.0.1' });
  own.sockets.on('connection', (s) => s.on('message', (m) => s.send(String(m))));
  own.echo = net.createServer((s) => s.on('error', () => {}).on('data', (d) => s.write(String(d).toLowerCase()))).listen(0, '127.0.0.1');
  for (const s of [own.sockets, own.echo]) if (!s.address()) await new Promise((resolve) => s.once('listening', resolve));
  places.socket = `ws://127.0.0.1:${own.sockets.address().port}`;
  places.port = own.echo.address().port;
  places.postgres = { host: process.env.UNLEAK_POSTGRES, user: 'postgres', database: 'postgres' };
  places.noPostgres = { ...places.postgres, host: path.join(folder, 'none') };
  places.redis = Number(process.env.UNLEAK_REDIS);
  own.monitor = new pg.Client(places.postgres);
  await own.monitor.connect();
  own.redis = new Redis(places.redis, '127.0.0.1');
  await own.redis.ping();
  await Promise.all(Array.from({ length: 8 }, () => fs.promises.stat(folder))); // node's own threads are there from now on
}

async function shut() {
  await kill();
  own.redis.disconnect();
  await own.monitor.end();
  own.echo.close();
  own.sockets.close();
  fs.rmSync(own.files, { recursive: true });
}

// connected waits until nothing that an example made is still being connected, and a moment for
// what cannot be asked. How long that takes, the machine decides.
async function connected() {
  const under = (made) => made.readyState === WebSocket.CONNECTING || made.connecting === true || made.status === 'connecting';
  await pause(60);
  for (const late = Date.now() + 30000; [...kept.keys()].some(under) && Date.now() < late; ) await pause(5);
}

// touch changes a file in the folder that is watched.
function touch(_world, name) {
  setImmediate(() => fs.writeFileSync(path.join(places.folder, name), 'new'));
}

module.exports = { places, libraries, census, kill, open, close: shut, touch, connected };
