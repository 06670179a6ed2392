import { expect, test } from 'vitest';
import { APPS, get, REGISTER, startTracked } from '../support/registered-app.js';
import { sorted } from '../support/sorted.js';

test('an application that makes SERVER spans for some requests is counted once per request', async () => {
  const { inspector, app } = await startTracked([...REGISTER, `${APPS}/some-spans.cjs`]);
  const bare = ['at-once', 'at-end', 'never'].map((when) => `/api/bare/${when}`);
  const paths = ['/register', '/api/a', '/b', '/c', '/api/d', ...bare, '/ignored', '/e'];
  for (const path of paths) await get(app.url + path);
  await app.stop();
  const hits = inspector.hits().map(({ params }) => `${params.action_name} ${params.dimension6}`);
  const expected = paths
    .filter((path) => path !== '/ignored')
    .map((path) => `GET ${path} ${/^\/api\/(?!.*never)/.test(path) ? 'span' : undefined}`);
  expect(sorted(hits)).toEqual(sorted(expected));
  expect(app.stderr()).toBe('');
});
