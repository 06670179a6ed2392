// Applications that are bundled together with `register`, without an SDK. docs/bundlers.md shows the rows.
const BANNER =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const DEPENDENCIES = {
  esbuild: '0.28.2',
  rollup: '4.67.4',
  '@rollup/plugin-commonjs': '29.0.3',
  '@rollup/plugin-json': '6.1.0',
  '@rollup/plugin-node-resolve': '16.0.3',
  webpack: '5.112.2',
  'webpack-cli': '7.3.1',
  vite: '8.3.8',
  '@vercel/ncc': '0.45.0',
  postject: '1.0.0-alpha.6',
};
const SET_UP = { name: 'bundlers', dependencies: DEPENDENCIES };
const NEXT = {
  name: 'bundlers-next',
  dependencies: { next: '16.4.6', react: '^19.2.0', 'react-dom': '^19.2.0' },
};

const PATHS = { '/users/ann': 'GET /users/ann' };
const esbuild = (...flags) => [
  'esbuild/bin/esbuild',
  'bundlers/app.mjs',
  '--bundle',
  '--platform=node',
  '--log-level=error',
  ...flags,
];
const ESBUILD_CJS = esbuild('--format=cjs', '--outfile=bundlers/esbuild.cjs');

/**
 * `build` are commands: the first word is a file in `node_modules`. `codes` are those of the lines that are logged (`bundled`: hits are sent through `node:http`), on all
 * versions of Node.js or on those that `codesOn` names. An `executable` is started instead of Node.js.
 */
export const BUNDLERS = [
  {
    name: 'esbuild, ES module',
    versionOf: 'esbuild',
    build: [esbuild('--format=esm', '--outfile=bundlers/esbuild.mjs')],
    start: ['bundlers/esbuild.mjs'],
    codes: ['bundled'],
  },
  {
    name: 'esbuild, ES module with the `createRequire` banner',
    versionOf: 'esbuild',
    build: [
      esbuild('--format=esm', `--banner:js=${BANNER}`, '--outfile=bundlers/esbuild-banner.mjs'),
    ],
    start: ['bundlers/esbuild-banner.mjs'],
  },
  {
    name: 'esbuild, ES module, external',
    versionOf: 'esbuild',
    build: [
      esbuild(
        '--format=esm',
        '--external:opentelemetry-matomo',
        '--outfile=bundlers/esbuild-external.mjs',
      ),
    ],
    start: ['bundlers/esbuild-external.mjs'],
  },
  {
    name: 'esbuild, CommonJS',
    versionOf: 'esbuild',
    build: [ESBUILD_CJS],
    start: ['bundlers/esbuild.cjs'],
  },
  {
    name: 'rollup, ES module',
    versionOf: 'rollup',
    build: [['rollup/dist/bin/rollup', '-c', 'bundlers/rollup.config.mjs', '--silent']],
    start: ['bundlers/rollup/app.mjs'],
    codes: ['bundled'],
    codesOn: [20],
  },
  {
    name: 'rollup, ES module, external',
    versionOf: 'rollup',
    build: [['rollup/dist/bin/rollup', '-c', 'bundlers/rollup.config.mjs', '--silent']],
    start: ['bundlers/rollup-external/app.mjs'],
  },
  {
    name: 'webpack, CommonJS',
    versionOf: 'webpack',
    build: [['webpack-cli/bin/cli.js', '-c', 'bundlers/webpack.config.cjs', '--fail-on-warnings']],
    start: ['bundlers/webpack/app.cjs'],
  },
  {
    name: 'webpack, ES module',
    versionOf: 'webpack',
    build: [['webpack-cli/bin/cli.js', '-c', 'bundlers/webpack.config.cjs', '--fail-on-warnings']],
    start: ['bundlers/webpack-esm/app.mjs'],
  },
  {
    name: 'Vite SSR',
    versionOf: 'vite',
    build: [['vite/bin/vite.js', 'build', '-c', 'bundlers/vite.config.mjs', '-l', 'error']],
    start: ['bundlers/vite/app.mjs'],
  },
  {
    name: 'Vite SSR with `ssr.noExternal: true`',
    versionOf: 'vite',
    build: [['vite/bin/vite.js', 'build', '-c', 'bundlers/vite.config.mjs', '-l', 'error']],
    buildEnv: { VITE_INSIDE: '1' },
    start: ['bundlers/vite-inside/app.mjs'],
  },
  {
    name: 'ncc',
    versionOf: '@vercel/ncc',
    build: [['@vercel/ncc/dist/ncc/cli.js', 'build', 'bundlers/app.mjs', '-o', 'bundlers/ncc']],
    start: ['bundlers/ncc/index.mjs'],
  },
  {
    name: 'Single executable application of esbuild’s CommonJS bundle',
    versionOf: 'postject',
    build: [ESBUILD_CJS],
    executable: { config: 'bundlers/sea.json', blob: 'bundlers/sea.blob' },
    start: [],
  },
  {
    name: 'Next.js, `output: "standalone"`',
    isNightly: true, // it takes minutes to build
    versionOf: 'next',
    setUp: NEXT,
    folder: 'bundlers/next-standalone',
    build: [['next/dist/bin/next', 'build']],
    start: ['--require', './listening.cjs', 'bundlers/start-standalone.cjs'],
    before: [{ method: 'GET', path: '/ready.js' }],
  },
];

/** The cells of every bundler, for each Node. */
export function planBundlers(nodes) {
  return nodes.flatMap((node) => BUNDLERS.map((row) => toCell(row, node)));
}

function toCell({ setUp = SET_UP, titles = PATHS, codes = [], ...row }, node) {
  const { name, versionOf, folder, build, buildEnv, executable, start, before, codesOn } = row;
  const program = executable && `bundlers/sea-${node}`;
  const isSaid = codesOn?.includes(node) ?? true;
  return {
    table: 'bundlers',
    name,
    node,
    setUp,
    make: { how: 'bundler', node, folder, build, buildEnv, executable, program },
    versionOf,
    titles,
    codes: isSaid ? codes : [],
    command: (isWith) =>
      isWith
        ? { program, args: start, before, env: { HOSTNAME: '127.0.0.1', PORT: '0' } }
        : { args: ['plain.mjs'] },
  };
}
