// Custom elements, those of Lit among them: each class is defined under a name of its own,
// and its element is put into the page and taken out of it.
'use strict';

exports.load = (require, page) => {
  for (const name of Object.getOwnPropertyNames(page.window)) { // what Lit looks for as it is loaded
    if (/^(HTML|CSS|Shadow|custom|Document|Node|Element)/.test(name)) globalThis[name] = page.window[name];
  }
  const lit = require('lit');
  page.watch();
  let last = 0;
  return {
    modules: { lit },
    framework: lit,
    act: async (f) => f(),
    async mount(component, props, container) {
      const name = `x-${++last}`;
      page.window.customElements.define(name, class extends component {});
      const element = Object.assign(page.window.document.createElement(name), props);
      container.append(element);
      await element.updateComplete;
      return { unmount: async () => element.remove() };
    },
  };
};
