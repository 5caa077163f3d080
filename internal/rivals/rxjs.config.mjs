// The rules of eslint-plugin-rxjs-x about subscriptions that are not ended, on files
// that the tsconfig beside them names: most of these rules ask for types.
import rxjs from 'eslint-plugin-rxjs-x'
import ts from 'typescript-eslint'

const names = [
  'no-ignored-subscription',
  'no-nested-subscribe',
  'no-sharereplay',
  'no-sharereplay-before-takeuntil',
  'no-subscribe-in-pipe',
  'no-unsafe-takeuntil',
]

export default [
  {
    files: ['**/*.{js,jsx,ts,tsx,mjs,cjs,mts,cts}'],
    languageOptions: {
      parser: ts.parser,
      parserOptions: { project: 'tsconfig.rivals.json', tsconfigRootDir: process.cwd() },
    },
    plugins: { 'rxjs-x': rxjs },
    rules: Object.fromEntries(names.map((name) => [`rxjs-x/${name}`, 'warn'])),
  },
]
