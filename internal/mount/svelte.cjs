// Svelte 5: a bundle brings its own runtime, which mounts what it is bundled with.
'use strict';

exports.load = (require, page) => {
  page.watch();
  return {
    whole: true,
    act: async (f) => f(),
    async mount({ default: component, mount, unmount, flushSync }, props, container) {
      const view = mount(component, { target: container, props });
      flushSync();
      return { unmount: () => unmount(view) };
    },
  };
};
