// A stand-in for the main process of Electron: what is registered under a name is there
// once, and counts in a world until the name is free again.
'use strict';
const { EventEmitter } = require('events');
const listening = require('./listening.cjs');

// names are what one thing each can be registered under.
function names(world, kind) {
  const all = new Map();
  return {
    add(name) {
      if (all.has(name)) return false;
      all.set(name, {});
      world.begin(all.get(name), kind);
      return true;
    },
    remove(name) {
      if (all.has(name)) world.end(all.get(name));
      all.delete(name);
    },
    clear() {
      for (const name of [...all.keys()]) this.remove(name);
    },
  };
}

function windows() {
  const all = new Set();
  return class BrowserWindow extends EventEmitter {
    static getAllWindows = () => [...all];
    webContents = { send: () => {} };

    constructor() {
      super();
      all.add(this);
    }

    close() {
      if (all.delete(this)) this.emit('closed');
    }

    show() {}
    hide() {}
    loadFile() {}
    setTitle() {}
  };
}

module.exports = function electron(world) {
  const handlers = names(world, 'ipc handler');
  const shortcuts = names(world, 'shortcut');
  const blockers = new Map();
  const ipcMain = Object.assign(listening.emitter(world), {
    handle: (channel) => {
      if (!handlers.add(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`);
    },
    removeHandler: (channel) => handlers.remove(channel),
  });
  const made = {
    app: Object.assign(new EventEmitter(), { getName: () => 'app', focus: () => {} }),
    BrowserWindow: windows(),
    ipcMain,
    globalShortcut: {
      register: (keys) => shortcuts.add(keys),
      unregister: (keys) => shortcuts.remove(keys),
      unregisterAll: () => shortcuts.clear(),
    },
    powerSaveBlocker: {
      start: () => {
        const id = blockers.size + 1; // Electron's begin with 0, which owners that ask by truth do not know
        blockers.set(id, {});
        world.begin(blockers.get(id), 'blocker');
        return id;
      },
      stop: (id) => world.end(blockers.get(id)), // once more does nothing
      isStarted: (id) => world.alive.has(blockers.get(id)),
    },
    Tray: class Tray extends EventEmitter {
      constructor() {
        super();
        world.begin(this, 'tray');
      }

      setContextMenu() {}
      setToolTip() {}
      destroy() {
        if (!world.end(this)) world.twice++;
      }
      isDestroyed() {
        return !world.alive.has(this);
      }
    },
  };
  return { ...made, default: made, __esModule: true };
};
