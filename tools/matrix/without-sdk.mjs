// Applications where nothing of OpenTelemetry is installed: requests come from Node.js itself.
import { REQUESTS } from './requests.mjs';

const OURS = 'opentelemetry-matomo/register';
const PATHS = { '/users/ann': 'GET /users/ann' };

const SET_UP = {
  name: 'without-sdk',
  dependencies: { express: '5.3.0', fastify: '5.12.8' },
};
const RESTIFY = { name: 'without-sdk-restify', dependencies: { restify: '11.1.0' } };

const ADONIS = { name: 'without-sdk-adonis', dependencies: { '@adonisjs/core': '7.5.2' } };

/** Node.js 20 does not announce streams. */
const HTTP2_NODES = [22, 24, 26];
const HTTP2_SET_UP = {
  name: 'without-sdk-http2',
  dependencies: { fastify: '5.12.8', koa: '3.2.1' },
};
/** Sends the requests of the matrix over one connection. */
export const HTTP2_CLIENT = {
  file: 'http2/client.cjs',
  path: '',
  env: { REQUESTS: JSON.stringify(REQUESTS) },
};
const http2 = (name, file, titles) => ({
  name: `${name}: --require ours`,
  file: `http2/${file}`,
  nodes: HTTP2_NODES,
  setUp: HTTP2_SET_UP,
  client: HTTP2_CLIENT,
  titles,
});

const APPS = [
  { name: 'node:http, CommonJS: --require ours', file: 'frameworks/http.cjs', titles: PATHS },
  {
    name: 'node:http, CommonJS: --import ours',
    file: 'frameworks/http.cjs',
    flag: '--import',
    titles: PATHS,
  },
  {
    name: 'node:http, ES module: --import ours',
    file: 'plain.mjs',
    flag: '--import',
    titles: PATHS,
  },
  { name: 'node:http, ES module: --require ours', file: 'plain.mjs', titles: PATHS },
  { name: 'Express 5: --require ours', file: 'frameworks/express.cjs' },
  { name: 'Fastify: --require ours', file: 'frameworks/fastify.cjs' },
  // Restify 11 does not run on Node.js 22 and later with HTTP/2 modules of its own.
  {
    name: 'Restify 11: --require ours',
    file: 'frameworks/restify.cjs',
    setUp: RESTIFY,
    nodes: [20],
  },
  // AdonisJS 7 needs Node.js 24.
  {
    name: 'AdonisJS 7: --require ours',
    file: 'frameworks/adonis.mjs',
    setUp: ADONIS,
    nodes: [24, 26],
  },
  http2('node:http2, compatibility API', 'node.cjs', PATHS),
  http2('node:http2, `stream` event', 'stream.cjs', PATHS),
  http2('Fastify with `http2: true`', 'fastify.cjs'),
  http2('Koa on HTTP/2', 'koa.cjs'),
  { name: 'node:http in a worker thread: --require ours', file: 'in-thread.cjs', titles: PATHS },
];

/** The cells of every application, for each Node that it runs on. */
export function planWithoutSdk(nodes) {
  return nodes.flatMap((node) =>
    APPS.filter((app) => app.nodes?.includes(node) ?? true).map((app) => toCell(app, node)),
  );
}

function toCell({ name, file, flag = '--require', setUp = SET_UP, titles = {}, client }, node) {
  return {
    table: 'without',
    name,
    node,
    setUp,
    titles,
    command: (isWith) => ({ args: isWith ? [flag, OURS, file] : [file], client }),
  };
}
