import { expect, test } from 'vitest';
import { eventually, startServer } from '../support/child-process.js';
import { APPS, get, matomo, REGISTER, startTracked, titles } from '../support/registered-app.js';
import { testGracefulExit } from './graceful-exit.js';

testGracefulExit([60], () => process.execPath);

test('after a signal, hits are sent as soon as they are final, while the process lives', async () => {
  const { inspector, app } = await startTracked([...REGISTER, `${APPS}/ends.cjs`], {
    HANDLER: 'stays',
    MATOMO_SCHEDULE_DELAY: '60000',
  });
  inspector.play({ delayMillis: 60 });
  await get(`${app.url}/a`);
  app.kill('SIGTERM');
  await eventually(() => inspector.hits().length === 1);
  await get(`${app.url}/b`);
  await eventually(() => inspector.hits().length === 2);
  await get(`${app.url}/c`);
  await get(`${app.url}/exit`);
  expect(await app.exit()).toEqual({ code: 3, signal: null });
  expect(titles(inspector)).toEqual(['GET /a', 'GET /b', 'GET /c', 'GET /exit']);
  expect(app.stderr()).toBe('');
});

test('without permission to start threads, hits are sent as without a signal', async () => {
  const { inspector, env } = await matomo();
  const flag =
    Number.parseInt(process.versions.node, 10) < 24 ? '--experimental-permission' : '--permission';
  const permission = ['--no-warnings', flag, '--allow-fs-read=*', '--allow-fs-write=*'];
  const app = await startServer([...permission, ...REGISTER, `${APPS}/ends.cjs`], {
    env: { ...env, HANDLER: 'drains', MATOMO_SCHEDULE_DELAY: '60000' },
  });
  await get(`${app.url}/a`);
  expect(await app.stop()).toEqual({ code: 0, signal: null });
  expect(titles(inspector)).toEqual(['GET /a']);
  expect(app.stderr()).toBe('');
});
