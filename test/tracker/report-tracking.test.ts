import { expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { APPS, get, REGISTER, startTracked } from '../support/registered-app.js';

const APP = `${APPS}/ends.cjs`;
const SOON = { MATOMO_SCHEDULE_DELAY: '0' };

test('after the first bulk that Matomo tracks, one line on stderr says so', async () => {
  const { inspector, app } = await startTracked([...REGISTER, APP], SOON);
  expect(app.tracking()).toBeUndefined();
  await get(`${app.url}/first`);
  const line = `opentelemetry-matomo: Tracking requests to ${inspector.url}, site 1. [tracking]\n`;
  await eventually(() => app.tracking());
  await get(`${app.url}/second`);
  await eventually(() => inspector.hits().length === 2);
  await get(`${app.url}/exit`);
  await app.exit();
  expect(app.tracking()).toBe(line);
  expect(app.stderr()).toBe('');
  expect(app.stdout()).not.toContain('[tracking]');
});

test.each([
  [{ OTEL_LOG_LEVEL: 'INFO' }, /, site 1\. \[tracking\]\n$/],
  [{ OTEL_LOG_LEVEL: 'WARN' }, /^$/],
  [{ MATOMO_DRY_RUN: 'true' }, /^$/],
])('with %j, a bulk that is sent when the process exits', async (set, line) => {
  const env = { MATOMO_SCHEDULE_DELAY: '60000', ...set };
  const { app } = await startTracked([...REGISTER, APP], env);
  await get(`${app.url}/exit`);
  await app.exit();
  expect(app.tracking() ?? '').toMatch(line);
});
