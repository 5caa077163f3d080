// Vue 3: mounts an application whose root is the component.
'use strict';

exports.load = (require, page) => {
  const Vue = require('vue');
  page.watch();
  return {
    framework: Vue,
    act: async (f) => {
      const result = await f();
      await Vue.nextTick();
      return result;
    },
    async mount(component, props, container) {
      const shown = Vue.shallowReactive({ ...props });
      const app = Vue.createApp({ render: () => Vue.h(component, shown) });
      app.config.warnHandler = () => {};
      app.mount(container);
      await Vue.nextTick();
      return {
        rerender: async (more) => {
          Object.assign(shown, more);
          await Vue.nextTick();
        },
        unmount: () => app.unmount(),
      };
    },
  };
};
