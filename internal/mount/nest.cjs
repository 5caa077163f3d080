// Nest: a program of one module with one provider, which is started and closed.
'use strict';

exports.load = (require, page) => {
  require('reflect-metadata');
  const { NestFactory } = require('@nestjs/core');
  const { Module } = require('@nestjs/common');
  page.watch();
  return {
    framework: { NestFactory },
    act: async (f) => f(),
    async mount(component) {
      const root = class {};
      Module({ providers: [component] })(root);
      const program = await NestFactory.createApplicationContext(root, { logger: false });
      return { unmount: () => program.close() };
    },
  };
};
