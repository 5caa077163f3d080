// Fastify: an application with one plugin, which is made ready and closed.
'use strict';

exports.load = (require, page) => {
  const fastify = require('fastify');
  page.watch();
  return {
    framework: { fastify },
    act: async (f) => f(),
    async mount(plugin) {
      const app = fastify();
      app.register(plugin);
      await app.ready();
      return { unmount: () => app.close() };
    },
  };
};
