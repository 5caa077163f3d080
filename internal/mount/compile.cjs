// Compiles component files by the compilers of their frameworks.
//
// Standard input: [{host, name, text}]. Standard output: for each, in order, a JSON line
// {code} with a module in TypeScript, or {error}.
'use strict';
const path = require('path');
const { createRequire } = require('module');

const home = createRequire(path.join(process.env.UNLEAK_MOUNT, 'package.json'));

function vue(text, name) {
  const { parse, compileScript, compileTemplate } = home('vue/compiler-sfc');
  const { descriptor, errors } = parse(text, { filename: name });
  if (errors.length > 0) throw errors[0];
  const script = compileScript(descriptor, { id: 'x', genDefaultAs: 'component' });
  if (!descriptor.template) return `${script.content}\ncomponent.render ??= () => null;\nexport default component;\n`;
  const template = compileTemplate({
    source: descriptor.template.content, filename: name, id: 'x', compilerOptions: { bindingMetadata: script.bindings },
  });
  if (template.errors.length > 0) throw template.errors[0];
  return `${script.content}\n${template.code}\ncomponent.render = render;\nexport default component;\n`;
}

function vue2(text, name) {
  const { parse, compileScript, compileTemplate, rewriteDefault } = home('vue2/compiler-sfc');
  const descriptor = parse({ source: text, filename: name });
  const script = compileScript(descriptor, { id: 'x' });
  const code = rewriteDefault(script.content, 'component');
  if (!descriptor.template) return `${code}\ncomponent.render ??= () => null;\nexport default component;\n`;
  const template = compileTemplate({ source: descriptor.template.content, filename: name, bindings: script.bindings });
  if (template.errors.length > 0) throw template.errors[0];
  return `${code}\n${template.code}\ncomponent.render = render;\ncomponent.staticRenderFns = staticRenderFns;\nexport default component;\n`;
}

function svelte(text, name) {
  return home('svelte/compiler').compile(text, { filename: name, generate: 'client', dev: false }).js.code;
}

const compilers = { vue, vue2, svelte };

let input = '';
process.stdin.on('data', (chunk) => (input += chunk));
process.stdin.on('end', () => {
  for (const { host, name, text } of JSON.parse(input)) {
    let out;
    try {
      out = { code: compilers[host](text, name) };
    } catch (err) {
      out = { error: String(err?.message ?? err) };
    }
    process.stdout.write(JSON.stringify(out) + '\n');
  }
});
