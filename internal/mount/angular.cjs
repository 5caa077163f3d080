// Angular: compiles components where they run, without zones, and destroys each as a view
// that a router or a structural directive takes away.
'use strict';

exports.load = async (require, page) => {
  require('@angular/compiler');
  const core = require('@angular/core');
  const { createApplication } = require('@angular/platform-browser');
  const { setTimeout } = require('node:timers'); // those of the page hold no process up
  const settled = () => new Promise((resolve) => setTimeout(resolve, 10));
  // one for all: what its services keep is left when a component is gone
  const app = await createApplication({ providers: [core.provideZonelessChangeDetection()] });
  const open = (component, hostElement) => {
    const view = core.createComponent(component, { environmentInjector: app.injector, hostElement });
    app.attachView(view.hostView);
    return view;
  };
  const warm = core.Component({ selector: 'warm-up', template: '' })(class {}); // what is registered once for the page
  open(warm, page.window.document.createElement('div')).destroy();
  page.watch();
  return {
    framework: core,
    act: async (f) => {
      await f();
      await settled();
    },
    async mount(component, props, container) {
      const hostElement = page.window.document.createElement('div');
      container.append(hostElement);
      const view = open(component, hostElement);
      for (const [name, value] of Object.entries(props)) view.setInput(name, value);
      app.tick();
      await settled();
      return {
        instance: view.instance,
        async unmount() {
          view.destroy();
          await settled();
        },
      };
    },
  };
};
