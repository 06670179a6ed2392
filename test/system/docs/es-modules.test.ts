import { expect, test } from 'vitest';
import { startServer } from '../../support/child-process.js';
import { APPS, get, matomo, titles } from '../../support/registered-app.js';

const APP = `${APPS}/esm/app.mjs`;

test.each([
  ['the SDK setup that the page shows', [`./${APPS}/esm/instrumentation.mjs`]],
  ['register', ['opentelemetry-matomo/register']],
])('an ES module with %s in --import makes one hit per request', async (_with, [preload]) => {
  const { inspector, env } = await matomo();
  const app = await startServer(['--import', preload as string, APP], { env });
  await get(`${app.url}/users/7`);
  await app.stop();
  expect(titles(inspector)).toEqual(['GET /users/:id']);
  expect(app.stderr()).toBe('');
});
