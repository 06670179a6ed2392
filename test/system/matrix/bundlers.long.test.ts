import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { sampled } from '../../support/long.js';
import {
  type Build,
  expectHits,
  type Place,
  packBeforeTests,
  preparePlace,
  WITHOUT_ROUTE,
} from '../../support/matrix.js';

const SET_UP = {
  name: 'bundlers',
  dependencies: {
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
  },
};
const NEXT = {
  name: 'bundlers-next',
  dependencies: { next: '16.4.6', react: '^19.2.0', 'react-dom': '^19.2.0' },
};
const ESBUILD = ['esbuild/bin/esbuild', 'bundlers/app.mjs', '--bundle', '--platform=node'];
const esbuild = (file: string, ...flags: string[]): Build => ({
  args: [...ESBUILD, '--log-level=error', `--outfile=bundlers/${file}`, ...flags],
});
const ROLLUP = { args: ['rollup/dist/bin/rollup', '-c', 'bundlers/rollup.config.mjs', '--silent'] };
const webpack = (name: string): Build => ({
  args: [
    ...['webpack-cli/bin/cli.js', '-c', 'bundlers/webpack.config.cjs', '--fail-on-warnings'],
    ...['--config-name', name],
  ],
});
const VITE = { args: ['vite/bin/vite.js', 'build', '-c', 'bundlers/vite.config.mjs'] };
const NCC = ['@vercel/ncc/dist/ncc/cli.js'];
const EXECUTABLE = 'single executable application of esbuild’s CommonJS bundle';
const NEXT_STANDALONE = 'Next.js, `output: "standalone"`';

/** The bundles of docs/start.md: how each is built, and its file. */
const ROWS: Readonly<Record<string, readonly [Build, file: string]>> = {
  'esbuild, ES module': [esbuild('esbuild.mjs', '--format=esm'), 'esbuild.mjs'],
  'esbuild, CommonJS': [esbuild('esbuild.cjs', '--format=cjs'), 'esbuild.cjs'],
  'rollup, ES module': [ROLLUP, 'rollup/app.mjs'],
  'rollup, external': [{ ...ROLLUP, env: { ROLLUP_EXTERNAL: '1' } }, 'rollup-external/app.mjs'],
  'webpack, CommonJS': [webpack('commonjs'), 'webpack/app.cjs'],
  'webpack, ES module': [webpack('esm'), 'webpack-esm/app.mjs'],
  'Vite SSR': [VITE, 'vite/app.mjs'],
  'Vite SSR, noExternal': [{ ...VITE, env: { VITE_INSIDE: '1' } }, 'vite-inside/app.mjs'],
  ncc: [{ args: [...NCC, 'build', 'bundlers/app.mjs', '-o', 'bundlers/ncc'] }, 'ncc/index.mjs'],
  [EXECUTABLE]: [esbuild('esbuild.cjs', '--format=cjs'), 'esbuild.cjs'],
  [NEXT_STANDALONE]: [
    { args: ['next/dist/bin/next', 'build'], cwd: 'bundlers/next-standalone' },
    'start-standalone.cjs',
  ],
};

/** One of each program that differs in more than a flag; ncc has webpack inside, and Next.js takes minutes to build. */
const FEW = new Set(['esbuild, ES module', 'rollup, ES module', 'webpack, CommonJS', EXECUTABLE]);
const npmPackage = packBeforeTests();

const cells = Object.keys(ROWS).flatMap((name) => {
  const nodes = sampled(FEW.has(name) ? [20] : [], name === NEXT_STANDALONE ? [24] : [20, 24]);
  return nodes.map((node) => [name, node] as const);
});

test.for(cells)('%s, on Node.js %i: every request is tracked', async ([name, node]) => {
  const [build, file] = ROWS[name] as (typeof ROWS)[string];
  const isNext = name === NEXT_STANDALONE;
  const setUp = isNext ? NEXT : SET_UP;
  const place = await preparePlace({ node, setUp, build: [build] }, npmPackage());
  const command = { ...place, args: [`bundlers/${file}`] };
  const titles = isNext ? { '/users/ann': 'GET /users/[id]' } : WITHOUT_ROUTE;
  const expected = { titles, codes: [] };
  if (name === EXECUTABLE) {
    await expectHits({ ...command, node: await injectBundle(place), args: [] }, expected);
  } else if (isNext) {
    const args = ['--require', './listening.cjs', ...command.args];
    const env = { HOSTNAME: '127.0.0.1', PORT: '0' };
    // Next.js calls `register` of instrumentation.js with the first request.
    const before = [{ method: 'GET', path: '/ready.js' }];
    await expectHits({ ...command, args, env, before }, expected);
  } else {
    await expectHits(command, expected);
  }
});

/** A copy of Node.js with the bundle of esbuild in it. */
async function injectBundle(place: Place): Promise<string> {
  const program = join(place.folder, 'bundlers/program');
  copyFileSync(place.node, program);
  const run = (...args: string[]) => promisify(execFile)(place.node, args, { cwd: place.folder });
  await run('--experimental-sea-config', 'bundlers/sea.json');
  const fuse = ['--sentinel-fuse', 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'];
  const postject = '../node_modules/postject/dist/cli.js';
  await run(postject, program, 'NODE_SEA_BLOB', 'bundlers/sea.blob', ...fuse);
  return program;
}

test('the page names each bundler', () => {
  const page = readFileSync(`${ROOT}docs/start.md`, 'utf8');
  const names = Object.keys(ROWS).map((name) => name.split(/,| SSR| of /)[0] as string);
  expect(names.filter((name) => !page.toLowerCase().includes(name.toLowerCase()))).toEqual([]);
});
