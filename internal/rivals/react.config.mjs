// The rules of @eslint-react/eslint-plugin about leaks, on every file.
import react from '@eslint-react/eslint-plugin'
import ts from 'typescript-eslint'

const names = Object.keys(react.rules).filter((name) => name.startsWith('web-api-no-leaked-'))

export default [
  {
    files: ['**/*.{js,jsx,ts,tsx,mjs,cjs,mts,cts}'],
    languageOptions: { parser: ts.parser, parserOptions: { ecmaFeatures: { jsx: true } } },
    plugins: { '@eslint-react': react },
    rules: Object.fromEntries(names.map((name) => [`@eslint-react/${name}`, 'warn'])),
  },
]
