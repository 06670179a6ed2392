import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import resolve from '@rollup/plugin-node-resolve';

const input = 'bundlers/app.mjs';
const plugins = [resolve({ preferBuiltins: true }), commonjs(), json()];
const output = (dir) => ({
  dir: `bundlers/${dir}`,
  entryFileNames: 'app.mjs',
  chunkFileNames: '[name].mjs',
});

/** `ROLLUP_EXTERNAL` leaves this package out of the bundle. */
export default process.env.ROLLUP_EXTERNAL
  ? {
      input,
      plugins,
      output: output('rollup-external'),
      external: /^opentelemetry-matomo/,
    }
  : { input, plugins, output: output('rollup') };
