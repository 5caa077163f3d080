// Vue 2: mounts an instance that shows the component.
'use strict';

exports.load = (require, page) => {
  const Vue = require('vue2/dist/vue.runtime.common.js');
  Vue.config.productionTip = false;
  Vue.config.devtools = false;
  Vue.config.silent = true;
  page.watch();
  countEvents(Vue, page.live);
  return {
    modules: { vue: Vue },
    framework: Vue,
    act: async (f) => {
      const result = await f();
      await Vue.nextTick();
      return result;
    },
    async mount(component, props, container) {
      const element = page.window.document.createElement('div');
      container.append(element);
      const root = new Vue({ render: (h) => h(component, { props }) });
      root.$mount(element);
      await Vue.nextTick();
      return { unmount: () => root.$destroy() };
    },
  };
};

// countEvents counts what listens to an instance, a bus for example, until that is gone.
function countEvents(Vue, live) {
  const { $on, $off, $destroy } = Vue.prototype;
  const heard = new WeakMap(); // instance -> [{event, f}]
  Vue.prototype.$on = function (event, f) {
    const entry = { event, f };
    if (!heard.has(this)) heard.set(this, []);
    heard.get(this).push(entry);
    live.set(entry, `listener for ${event}`);
    return $on.call(this, event, f);
  };
  const drop = (of, fits) => {
    const kept = [];
    for (const entry of heard.get(of) ?? []) {
      if (fits(entry)) live.delete(entry);
      else kept.push(entry);
    }
    heard.set(of, kept);
  };
  Vue.prototype.$off = function (event, f) {
    drop(this, (entry) => (event === undefined || entry.event === event) && (f === undefined || entry.f === f));
    return $off.apply(this, arguments);
  };
  Vue.prototype.$destroy = function () {
    $destroy.call(this);
    drop(this, () => true);
  };
}
