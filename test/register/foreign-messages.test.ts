import { expect, test } from 'vitest';
import { APPS, get, startTracked, titles } from '../support/registered-app.js';

const APP = [`${APPS}/foreign-messages.cjs`];

test('messages of other shapes on the diagnostics channels are ignored', async () => {
  const { inspector, app } = await startTracked(APP);
  await get(`${app.url}/first`);
  await get(`${app.url}/second`);
  await app.stop();
  expect(titles(inspector)).toEqual(['GET /first', 'GET /second']);
  expect(inspector.hits()[1]?.params.dimension1).toBe('of this request');
  expect(app.stderr()).toBe('');
});

test('one that throws when it is read is reported once, and requests are tracked', async () => {
  const { inspector, app } = await startTracked(APP, { UNREADABLE: '1' });
  await get(`${app.url}/first`);
  await get(`${app.url}/second`);
  await app.stop();
  expect(titles(inspector)).toEqual(['GET /first', 'GET /second']);
  expect(app.stderr()).toMatch(
    /^opentelemetry-matomo: .*\(Error at [\w./-]+:\d+:\d+\).* \[internal-error\]\n$/,
  );
});
