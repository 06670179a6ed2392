import { expect, test } from 'vitest';
import { WANTED } from '../../../src/cli/setup-plan.js';
import { ROOT, startServer } from '../../support/child-process.js';
import { startMatomo } from '../../support/matomo.js';
import { REGISTER } from '../../support/registered-app.js';
import { read } from './pages.js';

const PAGE = read('docs/versions.md');

test('the page names everything that setup may have created', () => {
  expect(Object.values(WANTED).filter((name) => !PAGE.includes(`\`${name}\``))).toEqual([]);
});

test('switched off, the application runs, and nothing is sent or logged', async () => {
  const inspector = await startMatomo();
  const server = await startServer([...REGISTER, 'app.js'], {
    cwd: `${ROOT}examples/recipes`,
    env: { MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1', MATOMO_ENABLED: 'false' },
  });
  const headers = { connection: 'close', 'x-api-key': 'key-of-acme' };
  const { status } = await fetch(`${server.url}/sign-ups`, { method: 'POST', headers });
  expect(status).toBe(201);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(server.stderr()).toBe('');
  expect(inspector.hits()).toEqual([]);
});
