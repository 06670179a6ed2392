import { expect, test } from 'vitest';
import { APPS, get, startTracked, titles } from '../../support/registered-app.js';

const APP = `${APPS}/esm/app.mjs`;

test.each([
  ['the SDK setup that the page shows', [`./${APPS}/esm/instrumentation.mjs`]],
  ['register', ['opentelemetry-matomo/register']],
])('an ES module with %s in --import makes one hit per request', async (_with, [preload]) => {
  const { inspector, app } = await startTracked(['--import', preload as string, APP]);
  await get(`${app.url}/users/7`);
  await app.stop();
  expect(titles(inspector)).toEqual(['GET /users/:id']);
  expect(app.stderr()).toBe('');
});
