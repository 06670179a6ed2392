import { expect, test } from 'vitest';
import { APPS, get, REGISTER, startTracked } from '../support/registered-app.js';

test.each([
  ['INFO', /, site 1\. \[tracking\]\n$/],
  ['WARN', /^$/],
])('with OTEL_LOG_LEVEL=%s, a bulk that is sent when the process exits', async (level, line) => {
  const env = { MATOMO_SCHEDULE_DELAY: '60000', OTEL_LOG_LEVEL: level };
  const { app } = await startTracked([...REGISTER, `${APPS}/ends.cjs`], env);
  await get(`${app.url}/exit`);
  await app.exit();
  expect(app.tracking() ?? '').toMatch(line);
});
