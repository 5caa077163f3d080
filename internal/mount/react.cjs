// React: mounts by react-dom, in strict mode too, where each effect is run, ended and run
// again.
'use strict';

exports.load = (require, page) => {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true;
  const React = require('react');
  const { createRoot } = require('react-dom/client');
  const { act } = React;
  const warm = page.window.document.createElement('div'); // registers what is registered once for the page
  page.window.document.body.append(warm);
  act(() => createRoot(warm).render(null));
  page.watch();
  return {
    framework: React,
    act,
    strict: true,
    async mount(component, props, container, strict) {
      const root = createRoot(container);
      const element = (more) => {
        const of = React.createElement(component, { ...props, ...more });
        return strict ? React.createElement(React.StrictMode, null, of) : of;
      };
      await act(async () => root.render(element()));
      return {
        rerender: (more) => act(async () => root.render(element(more))),
        unmount: () => act(async () => root.unmount()),
      };
    },
  };
};
