import { expect, test } from 'vitest';
import { createToVisitorId } from '../../../src/hit/visitor/visitor-id.js';
import { ROOT, runNode } from '../../support/child-process.js';
import { startMatomo } from '../../support/matomo.js';

const EVENT = {
  routeKey: 'GET /users/{id}',
  rawPath: '/users/7',
  pathParameters: { id: '7' },
  requestContext: {
    domainName: 'api.example.org',
    http: { method: 'GET', sourceIp: '198.51.100.7', userAgent: 'acme-backend/2.3' },
  },
};

test('the handler of a function has sent its hit when it returns', async () => {
  const inspector = await startMatomo({ sites: { 1: { dimensions: [1, 2, 3, 4] } } });
  const file = JSON.stringify(`${ROOT}test/support/apps/recipes/lambda.cjs`);
  // Killed as soon as the handler has returned: nothing can be sent at the end of the process.
  const code = `require(${file}).handler(${JSON.stringify(EVENT)}).then(({ statusCode }) => {
    require('node:fs').writeSync(1, String(statusCode));
    process.kill(process.pid, 'SIGKILL');
  });`;
  const env = { MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1', MATOMO_VISITOR_KEY: 'a-key' };
  const { stdout } = await runNode(['--eval', code], { env });
  expect(stdout).toBe('200');
  expect(inspector.hits()).toEqual([
    expect.objectContaining({
      verdict: 'tracked',
      params: expect.objectContaining({
        // As a server with the same key makes it.
        cid: createToVisitorId('a-key')({
          address: '198.51.100.7',
          userAgent: 'acme-backend/2.3',
          site: 1,
          startMillis: Date.now(),
        }),
        ua: 'acme-backend/2.3',
      }),
      stored: expect.objectContaining({
        type: 'page',
        title: 'GET /users/{id}',
        url: 'https://api.example.org/users/7',
        custom_dimension_2: '200',
        custom_dimension_3: 'GET',
        custom_dimension_4: '/users/{id}',
      }),
    }),
  ]);
});

test('a handler that throws has sent its hit as a failed request', async () => {
  const inspector = await startMatomo({ sites: { 1: { dimensions: [1, 2, 3, 4] } } });
  const file = JSON.stringify(`${ROOT}test/support/apps/recipes/lambda.cjs`);
  const { pathParameters: _, ...event } = EVENT;
  const code = `require(${file}).handler(${JSON.stringify(event)}).catch(() => process.kill(process.pid, 'SIGKILL'));`;
  const env = { MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1', MATOMO_VISITOR_KEY: 'a-key' };
  await runNode(['--eval', code], { env });
  expect(inspector.hits().map(({ stored }) => stored)).toMatchObject([
    { custom_dimension_1: '5xx GET /users/{id}', custom_dimension_2: '500' },
  ]);
});

test('a function URL, which has no route, has titles without IDs', async () => {
  const inspector = await startMatomo({ sites: { 1: { dimensions: [1, 2, 3, 4] } } });
  const file = JSON.stringify(`${ROOT}test/support/apps/recipes/lambda.cjs`);
  const event = JSON.stringify({ ...EVENT, routeKey: '$default' });
  const code = `require(${file}).handler(${event}).then(() => process.kill(process.pid, 'SIGKILL'));`;
  const env = { MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1', MATOMO_VISITOR_KEY: 'a-key' };
  await runNode(['--eval', code], { env });
  expect(inspector.hits().map(({ stored }) => stored)).toMatchObject([
    { title: 'GET /users/:id', custom_dimension_4: '/users/:id' },
  ]);
});
