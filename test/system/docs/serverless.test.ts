import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createToVisitorId } from '../../../src/hit/visitor/visitor-id.js';
import type { Inspector } from '../../../src/inspector/index.js';
import { ROOT, runNode } from '../../support/child-process.js';
import { startMatomo } from '../../support/matomo.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const EVENT = {
  routeKey: 'GET /users/{id}',
  rawPath: '/users/7',
  pathParameters: { id: '7' },
  requestContext: {
    domainName: 'api.example.org',
    http: { method: 'GET', sourceIp: '198.51.100.7', userAgent: 'acme-backend/2.3' },
  },
};

/** Runs code until there is a hit: a flush waits for two seconds, in which a busy machine may not have loaded what sends hits. */
async function runUntilHit(inspector: Inspector, code: string, env: Record<string, string>) {
  const site = { MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1' };
  let stdout = '';
  for (let tries = 0; tries < 5 && inspector.hits().length === 0; tries++)
    ({ stdout } = await runNode(['--eval', code], { env: { ...site, ...env } }));
  return { hits: inspector.hits(), stdout };
}

/** What Matomo has of a function that is killed as soon as its handler has returned or thrown: nothing is sent at the end of the process. */
async function trackedOf(event: object) {
  const inspector = await startMatomo({ sites: { 1: { dimensions: [1, 2, 3, 4] } } });
  const file = JSON.stringify(`${ROOT}test/support/apps/recipes/lambda.cjs`);
  const code = `require(${file}).handler(${JSON.stringify(event)})
    .then(({ statusCode }) => require('node:fs').writeSync(1, String(statusCode)), () => undefined)
    .then(() => process.kill(process.pid, 'SIGKILL'));`;
  return runUntilHit(inspector, code, { MATOMO_VISITOR_KEY: 'a-key' });
}

test('the handler of a function has sent its hit when it returns', async () => {
  const { hits, stdout } = await trackedOf(EVENT);
  expect(stdout).toBe('200');
  // As a server with the same key makes it.
  const cid = createToVisitorId('a-key')({
    address: '198.51.100.7',
    userAgent: 'acme-backend/2.3',
    site: 1,
    startMillis: Date.now(),
  });
  expect(hits.map(({ params }) => params)).toMatchObject([
    {
      ...{ cid, action_name: 'GET /users/{id}', url: 'https://api.example.org/users/7' },
      ...{ dimension2: '200', dimension3: 'GET', dimension4: '/users/{id}' },
    },
  ]);
});

const { pathParameters: _, ...FAILING } = EVENT;

test('a handler that throws has sent its hit, too', async () => {
  const { hits } = await trackedOf(FAILING);
  const sent = { dimension1: '5xx GET /users/{id}', dimension2: '500' };
  expect(hits.map(({ params }) => params)).toMatchObject([sent]);
});

test('forceFlush has sent the hit of a request whose response has just ended, also of the first one', async () => {
  const inspector = await startMatomo();
  const folder = join(temporaryFolder(), '@vercel/functions');
  await mkdir(folder, { recursive: true });
  // A platform that ends the process as soon as it may.
  await writeFile(
    join(folder, 'index.js'),
    `exports.waitUntil = (promise) => promise.then(() => process.kill(process.pid, 'SIGKILL'));`,
  );
  const code = `
    const server = require('node:http').createServer(require('${ROOT}test/support/apps/recipes/vercel.cjs'));
    server.listen(0, () => fetch('http://127.0.0.1:' + server.address().port + '/first'));`;
  const { hits } = await runUntilHit(inspector, code, { NODE_PATH: join(folder, '../..') });
  expect(hits.map(({ stored }) => stored?.title)).toEqual(['GET /first']);
});
