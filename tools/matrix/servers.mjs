// Servers that frameworks build and start themselves, with `register` and, unless they trace, nothing of OpenTelemetry.
import { SDKS } from './set-ups.mjs';

const OURS = 'opentelemetry-matomo/register';

const PATHS = { '/users/ann': 'GET /users/ann' };

const SVELTEKIT = {
  '@sveltejs/kit': '3.2.0',
  '@sveltejs/adapter-node': '6.0.1',
  '@sveltejs/vite-plugin-svelte': '7.3.1',
  svelte: '5.57.3',
  vite: '8.3.8',
};

/**
 * `build` and `start` are arguments of Node: the first of `build` is in `node_modules`, and it runs in `folder`, with
 * `buildEnv`. `route` is what a title has for `/users/:id` if the application names requests by `annotate`.
 */
const SERVERS = [
  {
    name: 'Nitro 2',
    folder: 'nitro-2',
    dependencies: { nitropack: '2.13.6' },
    build: ['nitropack/dist/cli/index.mjs', 'build'],
    start: ['nitro-2/.output/server/index.mjs'],
  },
  {
    name: 'Nitro 3',
    folder: 'nitro-3',
    dependencies: { nitro: '3.0.260903-beta' },
    build: ['nitro/dist/cli/index.mjs', 'build'],
    start: ['nitro-3/.output/server/index.mjs'],
    alone: {}, // `tracingChannel: true` in nitro.config tells the route
    ways: ['alone'],
  },
  {
    name: 'SvelteKit with adapter-node',
    folder: 'sveltekit',
    dependencies: SVELTEKIT,
    build: ['vite/bin/vite.js', 'build'],
    start: ['sveltekit/build/index.js'],
    named: { titles: { '/users/ann': 'GET /(shop)/users/[id]' } },
    since: 22,
  },
  {
    name: 'SvelteKit with its tracing and SDK 2.12',
    folder: 'sveltekit',
    dependencies: { ...SVELTEKIT, ...SDKS['2.12'].dependencies },
    build: ['vite/bin/vite.js', 'build'],
    buildEnv: { TRACING: '1' },
    start: ['sveltekit/build/index.js'],
    alone: { titles: { '/users/ann': 'GET /(shop)/users/[id]' } },
    ways: ['alone'],
    since: 22,
  },
  {
    name: 'Astro with its Node adapter, standalone',
    folder: 'astro',
    dependencies: { astro: '7.3.5', '@astrojs/node': '11.1.6' },
    build: ['astro/bin/astro.mjs', 'build'],
    start: ['astro/dist/server/entry.mjs'],
    named: { titles: { '/users/ann': 'GET /users/[id]' } },
    since: 22,
  },
  {
    name: 'React Router 7, `react-router-serve`',
    folder: 'react-router',
    dependencies: reactRouter('7.18.4', '7.3.6'),
    build: ['@react-router/dev/bin.js', 'build'],
    buildEnv: { MIDDLEWARE_FLAG: '1' },
    start: ['../node_modules/@react-router/serve/bin.js', 'react-router/build/server/index.js'],
  },
  {
    name: 'React Router 8, `react-router-serve`',
    folder: 'react-router',
    dependencies: reactRouter('8.4.0', '8.3.8'),
    build: ['@react-router/dev/bin.cjs', 'build'],
    start: ['../node_modules/@react-router/serve/bin.cjs', 'react-router/build/server/index.js'],
    since: 22,
  },
];

const DEFAULTS = {
  since: 20,
  ways: ['alone', 'named'],
  alone: { titles: PATHS },
  named: {},
};

/** The cells of every server, by itself and with `annotate`, for each Node that it runs on. */
export function planServers(nodes) {
  return SERVERS.map((server) => ({ ...DEFAULTS, ...server })).flatMap((server) =>
    nodes
      .filter((node) => node >= server.since)
      .flatMap((node) => server.ways.map((way) => toCell(server, way, node))),
  );
}

function toCell(server, way, node) {
  const { name, folder, dependencies, build, buildEnv, start } = server;
  const { titles = {} } = server[way];
  const [versionOf, version] = Object.entries(dependencies)[0];
  return {
    table: 'servers',
    name,
    way,
    node,
    setUp: {
      name: `server-${folder}-${version}${buildEnv?.TRACING ? '-traced' : ''}`,
      dependencies,
    },
    make: { how: 'server', folder, build, buildEnv },
    versionOf,
    titles,
    command: (isWith) => ({
      args: ['--require', './listening.cjs', ...(isWith ? ['--import', OURS] : []), ...start],
      env: { HOST: '127.0.0.1', PORT: '0', ROUTES: way === 'named' ? '1' : '' },
    }),
  };
}

function reactRouter(version, vite) {
  const names = ['serve', 'node', 'dev'];
  const packages = Object.fromEntries(names.map((name) => [`@react-router/${name}`, version]));
  const react = { react: '^19.2.7', 'react-dom': '^19.2.7', isbot: '^5.1.0' };
  return { 'react-router': version, ...packages, vite, ...react };
}
