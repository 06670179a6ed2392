// What works on Bun and Deno: applications of several kinds, each sent the requests of the matrix.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Unavailable } from './attempt.mjs';
import { createRunFolder, installSetUp } from './install.mjs';
import { expectedHits, REQUESTS, readHits } from './requests.mjs';
import { runApp } from './run-app.mjs';
import { HTTP2_CLIENT } from './without-sdk.mjs';

const SET_UP = {
  name: 'runtimes',
  dependencies: {
    bun: '1.4.5',
    deno: '2.9.6',
    '@opentelemetry/api': '1.9.1',
    '@opentelemetry/sdk-trace-base': '2.12.0',
    '@opentelemetry/context-async-hooks': '2.12.0',
    elysia: '1.4.30',
    '@elysiajs/opentelemetry': '1.4.11',
    hono: '4.13.19',
    '@hono/otel': '1.1.2',
  },
};

const BINARIES = {
  bun: ['@oven/bun-linux-x64/bin/bun', 'bun/bin/bun.exe'],
  deno: ['@deno/linux-x64-glibc/deno', 'deno/deno'],
};

const REGISTER_PATH = './node_modules/opentelemetry-matomo/dist/cjs/register.js';
const OTLP = { type: 'application/json', encoding: undefined, urls: {} };

/** No framework names a route: the title has the path. */
const WITHOUT_ROUTE = { '/users/ann': 'GET /users/ann' };

/** `lost` says what of a hit does not come: whole requests by their path, or the user agent and the language. */
export const RUNTIMES = [
  {
    name: 'Bun.serve with spans made by hand',
    runtime: 'bun',
    args: ['runtimes/bun-serve.mjs'],
    titles: WITHOUT_ROUTE,
  },
  {
    name: 'Elysia with @elysiajs/opentelemetry',
    runtime: 'bun',
    args: ['runtimes/bun-elysia.mjs'],
    lost: ['/nothing/here'],
  },
  { name: 'Hono with @hono/otel', runtime: 'bun', args: ['runtimes/bun-hono.mjs'] },
  {
    name: 'node:http on Bun with --preload opentelemetry-matomo/register',
    runtime: 'bun',
    args: ['--preload', 'opentelemetry-matomo/register', 'runtimes/node-http.mjs'],
    titles: WITHOUT_ROUTE,
  },
  {
    name: 'Deno.serve with spans made by hand',
    runtime: 'deno',
    args: ['run', '-A', 'runtimes/deno-processor.mjs'],
    titles: WITHOUT_ROUTE,
  },
  {
    name: 'node:http on Deno with --preload and the path of register',
    runtime: 'deno',
    args: ['run', '-A', '--preload', REGISTER_PATH, 'runtimes/node-http.mjs'],
    titles: WITHOUT_ROUTE,
  },
  {
    name: 'node:http2 on Deno with --preload and the path of register',
    runtime: 'deno',
    args: ['run', '-A', '--preload', REGISTER_PATH, 'http2/node.cjs'],
    client: { ...HTTP2_CLIENT, node: process.execPath },
    titles: WITHOUT_ROUTE,
  },
  {
    name: 'Deno.serve with OTEL_DENO into a gateway',
    runtime: 'deno',
    args: ['run', '-A', 'runtimes/deno-serve.mjs'],
    env: { OTEL_DENO: 'true', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
    throughGateway: OTLP,
    lost: ['user agent'],
    titles: WITHOUT_ROUTE,
  },
];

/** Installs both runtimes; resolves to a function that runs one row and resolves to `{ expected, hits }`. */
export async function prepareRuntimes(npmPackage) {
  const setUpFolder = await installSetUp(SET_UP, npmPackage);
  const folder = await createRunFolder(setUpFolder, npmPackage);
  return async function runRow({ runtime, lost = [], titles, throughGateway, ...command }) {
    const node = binaryOf(setUpFolder, runtime);
    const { hits } = await runApp({
      ...command,
      node,
      folder,
      throughGateway,
      requests: REQUESTS,
    });
    const arriving = REQUESTS.filter(({ path }) => !lost.includes(path));
    const toLine = (line) => (lost.includes('user agent') ? withoutAgent(line) : line);
    return {
      expected: expectedHits(arriving, titles, throughGateway).map(toLine),
      hits: readHits(hits).map(toLine),
    };
  };
}

/** Resolves to the path of a runtime. */
export async function installRuntime(runtime, npmPackage) {
  return binaryOf(await installSetUp(SET_UP, npmPackage), runtime);
}

function binaryOf(folder, runtime) {
  const places = BINARIES[runtime].map((place) => join(folder, 'node_modules', place));
  const found = places.find((place) => existsSync(place));
  if (!found) throw new Unavailable(`${runtime} has no binary for this platform`);
  return found;
}

function withoutAgent(line) {
  return line.split(' | ').slice(0, 3).join(' | ');
}
