// Servers of files. Pages and documents are hits, with the status of the complete response; static files are not.
import { AUTO, toCell } from './registered-app.mjs';
import { SDKS } from './set-ups.mjs';

const DEPENDENCIES = {
  'serve-handler': '6.1.8',
  koa: '3.2.1',
  'koa-static': '5.0.0',
  sirv: '3.0.2',
  hono: '4.13.19',
  '@hono/node-server': '2.1.8',
};
export const FILE_SERVER_SET_UPS = {
  alone: { name: 'static', dependencies: DEPENDENCIES },
  beside: {
    name: 'static-traced',
    dependencies: { ...DEPENDENCIES, ...SDKS['2.12'].dependencies },
  },
};

/** Each framework of `apps/static.cjs`, and the package that serves its files. */
export const FILE_SERVERS = {
  'serve-handler': 'serve-handler',
  'koa-static': 'koa-static',
  sirv: 'sirv',
  'Hono serveStatic': '@hono/node-server',
};

const get = (path, status, title) => ({ method: 'GET', path, status, title: `GET ${title}` });
const ignored = (path, status) => ({ method: 'GET', path, status, isIgnored: true });
const REQUESTS = [
  get('/page.html', 200, '/page.html'),
  { method: 'HEAD', path: '/page.html', status: 200, title: 'HEAD /page.html' },
  get('/users/7/terms.pdf', 200, '/users/:id/terms.pdf'),
  get('/terms%20of%20use.pdf', 200, '/terms of use.pdf'),
  get('/nothing/here.html', 404, 'Not Found'),
  ignored('/style.css', 200),
  ignored('/nothing/here.js', 404),
];

const WAYS = [
  { way: 'alone', name: 'with `register` alone' },
  { way: 'beside', name: 'with auto-instrumentations', preloads: AUTO },
];

/** The cells of every server on each Node, with and without what traces the application. */
export function planFileServers(nodes) {
  return nodes.flatMap((node) =>
    Object.entries(FILE_SERVERS).flatMap(([framework, versionOf]) =>
      WAYS.map((way) => toFileCell(framework, versionOf, way, node)),
    ),
  );
}

function toFileCell(framework, versionOf, { way, name, preloads }, node) {
  const app = {
    name: `${framework}, ${name}`,
    file: 'static.cjs',
    setUp: FILE_SERVER_SET_UPS[way],
    preloads,
    versionOf,
    requests: REQUESTS,
    env: { FRAMEWORK: framework, FILES: 'files' },
  };
  return toCell('files', app, node);
}
