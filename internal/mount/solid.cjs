// Solid: components are functions that run once in a root, which is disposed of.
'use strict';

exports.load = (require, page) => {
  const { createRoot, createComponent } = require('solid-js/dist/solid.cjs');
  page.watch();
  return {
    modules: { 'solid-js': require('solid-js/dist/solid.cjs') },
    framework: require('solid-js/dist/solid.cjs'),
    act: async (f) => f(),
    async mount(component, props, container) {
      const dispose = createRoot((dispose) => {
        createComponent(component, props);
        return dispose;
      });
      return { unmount: dispose };
    },
  };
};
