import { expect, test } from 'vitest';
import type { Server } from '../../support/child-process.js';
import { REGISTER, startTracked, titles } from '../../support/registered-app.js';
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
  await ask(app, '/health');
  await ask(app, '/orders', { method: 'POST' });
  await ask(app, '/users/7');
  await ask(app, '/nowhere');
  expect(await app.stop()).toEqual({ code: null, signal: 'SIGTERM' });
  const sent = inspector.hits().map(({ params }) => params);
  expect(titles(inspector)).toEqual(['Checkout', title, 'GET Not Found']);
  expect(sent.map(({ dimension5 }) => dimension5)).toEqual(['pro', undefined, undefined]);
  // A timer of 20 ms may fire within the 20th.
  expect(sent.map(({ pf_dm1 = 0 }) => Number(pf_dm1) >= 19)).toEqual([false, true, false]);
  expect(app.stderr()).toBe('');
});

test.each([
  ['the environment of the page', 'express.cjs', environmentOfPage(), 2],
  ['options in code', 'options.cjs', {}, 1],
])(
  'with %s, preflights, health checks and style sheets make no hits',
  async (_how, file, env, hits) => {
    const { app, inspector } = await startTracked([...REGISTER, `${APPS}/${file}`], env);
    await ask(app, '/users/7', { method: 'OPTIONS' });
    await ask(app, '/ready');
    await ask(app, '/shop.css');
    await ask(app, '/users/6', { headers: { 'User-Agent': 'kube-probe/1.34' } });
    await ask(app, '/users/5', { headers: { 'User-Agent': 'acme-probe/1' } });
    await ask(app, '/users/7');
    await app.stop();
    expect(titles(inspector)).toEqual(Array(hits).fill('GET /users/:id'));
  },
);

async function ask(app: Server, path: string, request: RequestInit = {}): Promise<void> {
  await (await fetch(app.url + path, request)).text();
}

/** The assignments in the page's shell blocks, without their quotes. */
function environmentOfPage(): Record<string, string> {
  const assignments = read(OPTIONS_PAGE).matchAll(/^export (MATOMO_\w+)='?(.*?)'?$/gm);
  return Object.fromEntries([...assignments].map(([, name, value]) => [name, value]));
}
