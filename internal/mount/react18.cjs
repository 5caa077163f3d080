// React 18, beside the one that react.cjs has: its packages are installed under other
// names, and find each other by these.
'use strict';
const Module = require('module');
const react = require('./react.cjs');

let loaded;

// prepare loads it before anything is counted.
exports.prepare = (require) => {
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, parent, ...rest) {
    const inside = /[\\/]node_modules[\\/]react(-dom)?18[\\/]/.test(parent?.filename ?? '');
    return resolve.call(this, inside && /^react(-dom)?$/.test(request) ? `${request}18` : request, parent, ...rest);
  };
  try {
    loaded = {
      react: require('react18'),
      'react/jsx-runtime': require('react18/jsx-runtime'),
      'react-dom': require('react-dom18'),
      'react-dom/client': require('react-dom18/client'),
    };
  } finally {
    Module._resolveFilename = resolve;
  }
  const { version } = loaded['react-dom'];
  if (!version.startsWith('18.') || loaded.react.version !== version) throw new Error(`React ${loaded.react.version} draws by ${version}`);
};

exports.load = (_, page) => ({ ...react.load((name) => loaded[name], page), modules: loaded });
