const { resolve } = require('node:path');

const base = { mode: 'production', target: 'node20', entry: './bundlers/app.mjs' };
const path = (name) => resolve(__dirname, name);

module.exports = [
  { ...base, name: 'commonjs', output: { path: path('webpack'), filename: 'app.cjs' } },
  {
    ...base,
    name: 'esm',
    experiments: { outputModule: true },
    output: { path: path('webpack-esm'), filename: 'app.mjs', module: true },
  },
];
