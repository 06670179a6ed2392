import { expect, test } from 'vitest';
import type { Inspector } from '../../../src/inspector/index.js';
import type { Server } from '../../support/child-process.js';
import { REGISTER, startTracked } from '../../support/registered-app.js';
import { read } from './pages.js';

const APPS = 'test/support/apps/frameworks';
const OPTIONS_PAGE = 'docs/exclude.md';

test.each([
  ['express.cjs', 'GET /users/:id'],
  ['fastify.cjs', 'GET /users/:id'],
  ['koa.cjs', 'GET /users/:id'],
  ['hapi.cjs', 'GET /users/{id}'],
  ['hono.mjs', 'GET /users/:id'],
  ['nest.cjs', 'GET /users/:id'],
])('%s leaves a request out, names one, and times one', async (file, title) => {
  const { app, inspector } = await startTracked([...REGISTER, `${APPS}/${file}`]);
  await visit(app);
  expect(await app.stop()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(notesIn(inspector)).toEqual(notesWith(title));
  expect(app.stderr()).toBe('');
});

test.each([
  {
    given: 'the environment of the page',
    file: 'express.cjs',
    env: environmentOfPage(),
    titles: ['GET /users/:id', 'GET /users/:id'],
  },
  { given: 'options in code', file: 'options.cjs', env: {}, titles: ['GET /users/:id'] },
])(
  'with $given, preflights, health checks and style sheets leave hits of $titles',
  async ({ file, env, titles }) => {
    const { app, inspector } = await startTracked([...REGISTER, `${APPS}/${file}`], env);
    await ask(app, '/users/7', { method: 'OPTIONS' });
    await ask(app, '/ready');
    await ask(app, '/shop.css');
    await ask(app, '/users/6', { headers: { 'User-Agent': 'kube-probe/1.34' } });
    await ask(app, '/users/5', { headers: { 'User-Agent': 'acme-probe/1' } });
    await ask(app, '/users/7');
    await app.stop();
    // A batch is ordered by visitor, and each User-Agent is one.
    const stored = inspector.hits().map((hit) => hit.stored?.title ?? 'nothing');
    expect(stored.sort((a, b) => a.localeCompare(b))).toEqual(titles);
  },
);

async function ask(app: Server, path: string, request: RequestInit = {}): Promise<void> {
  await (await fetch(app.url + path, request)).text();
}

/** One request that is left out, one that is named, one that is timed, and one to nowhere. */
async function visit(app: Server): Promise<void> {
  await ask(app, '/health');
  await ask(app, '/orders', { method: 'POST' });
  await ask(app, '/users/7');
  await ask(app, '/nowhere');
}

function notesIn(inspector: Inspector) {
  return inspector.hits().map(({ params, stored }) => ({
    title: stored?.title,
    dimension: params.dimension5,
    // A timer of 20 ms may fire within the 20th.
    timed: Number(params.pf_dm1 ?? 0) >= 19,
  }));
}

function notesWith(title: string) {
  return [
    { title: 'Checkout', dimension: 'pro', timed: false },
    { title, dimension: undefined, timed: true },
    { title: 'GET Not Found', dimension: undefined, timed: false },
  ];
}

/** The assignments in the page's shell blocks, without their quotes. */
function environmentOfPage(): Record<string, string> {
  const assignments = read(OPTIONS_PAGE).matchAll(/^export (MATOMO_\w+)='?(.*?)'?$/gm);
  return Object.fromEntries([...assignments].map(([, name, value]) => [name, value]));
}
