import { expect, test } from 'vitest';
import { APPS, get, startTracked, titles } from '../support/registered-app.js';

test.each<[what: string, env: Record<string, string>, logged: RegExp, dimension?: string]>([
  ['messages of other shapes on the diagnostics channels are ignored', {}, /^$/, 'of this request'],
  [
    'one that throws when it is read is reported once, and requests are tracked',
    { UNREADABLE: '1' },
    /^opentelemetry-matomo: .*\(Error at [\w./-]+:\d+:\d+\).* \[internal-error\]\n$/,
  ],
])('%s', async (_what, env, logged, dimension) => {
  const { inspector, app } = await startTracked([`${APPS}/foreign-messages.cjs`], env);
  await get(`${app.url}/first`);
  await get(`${app.url}/second`);
  await app.stop();
  expect(titles(inspector)).toEqual(['GET /first', 'GET /second']);
  if (dimension) expect(inspector.hits()[1]?.params.dimension1).toBe(dimension);
  expect(app.stderr()).toMatch(logged);
});
