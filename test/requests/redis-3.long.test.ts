import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { expect, onTestFinished, test } from 'vitest';
import { forRequest, ignore, trackEvent } from '../../src/index.js';
import { currentRequest } from '../../src/request/contexts.js';
import { eventually } from '../support/child-process.js';
import { startRedis } from '../support/redis-server.js';
import { sorted } from '../support/sorted.js';
import { startTracedService } from '../support/traced-service.js';

/** The part of `redis` 3 that is used here. */
interface Client {
  get(key: string, callback: () => void): void;
  end(flush: boolean): void;
}
interface Redis {
  createClient(url: string): Client;
}

/** Loaded anew for each test, because the instrumentation patches it. */
function loadRedis(isInstrumented: boolean): Redis {
  const require = createRequire(import.meta.url);
  for (const file of Object.keys(require.cache)) {
    if (/node_modules.redis-3./.test(file)) delete require.cache[file];
  }
  const redis: Redis = require('redis-3');
  if (!isInstrumented) return redis;
  // Of all auto-instrumentations only this one. It knows modules by their folder, which has another name here.
  const { RedisInstrumentation } = createRequire(
    require.resolve('@opentelemetry/auto-instrumentations-node'),
  )('@opentelemetry/instrumentation-redis');
  const [definition] = new RedisInstrumentation().instrumentationV2_V3.init();
  return definition.patch(redis);
}

test.each([
  ['with its instrumentation', true],
  ['without an instrumentation, with forRequest', false],
])('callbacks of redis 3 act on their own request, %s', async (_name, isInstrumented) => {
  const { url } = await startRedis();
  const redis = loadRedis(isInstrumented);
  let client: Client | undefined;
  onTestFinished(() => client?.end(true));
  const asyncContexts = new Set<unknown>();
  let aliceResponse: ServerResponse | undefined;
  const service = await startTracedService((request, response) => {
    const user = request.url?.slice(1) ?? '';
    client ??= redis.createClient(url);
    client.get(user, () => {
      asyncContexts.add(currentRequest());
      const functions = isInstrumented ? { ignore, trackEvent } : forRequest(request);
      functions.trackEvent('Shop', user);
      if (user === 'private') functions.ignore();
      if (user === 'alice') aliceResponse = response;
      else response.end();
    });
  });
  const alice = service.fetch('/alice');
  await eventually(() => aliceResponse !== undefined);
  await Promise.all(['/bob', '/private', '/carol'].map((path) => service.fetch(path)));
  aliceResponse?.end();
  await alice;
  await service.requests(4);
  const hits = await service.hits();
  expect(asyncContexts.size).toBe(1); // that of /alice, which opened the connection
  const told = hits.map(({ params }) => `${new URL(params.url ?? '').pathname} ${params.e_a}`);
  expect(sorted(told)).toEqual([
    '/alice alice',
    '/alice undefined',
    '/bob bob',
    '/bob undefined',
    '/carol carol',
    '/carol undefined',
    '/private private',
  ]);
});
