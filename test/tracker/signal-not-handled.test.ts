import { expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import {
  APPS,
  get,
  REGISTER,
  startRegistered,
  startTracked,
  titles,
} from '../support/registered-app.js';
import { runScript } from '../support/script.js';

const IN_CODE = `${APPS}/ends-in-code.mjs`;
const LATE = { MATOMO_SCHEDULE_DELAY: '60000' };
const LINE = /^opentelemetry-matomo: .*\bSIGTERM\b.*\[signal-not-handled\]\n$/;

test('exitFlush without a handler of SIGTERM: one line, because the signal loses what is queued', async () => {
  const { inspector, app } = await startTracked([IN_CODE], { ...LATE, MATOMO_EXIT_FLUSH: 'true' });
  await get(`${app.url}/first`);
  await get(`${app.url}/second`);
  await eventually(() => app.stderr() !== '');
  expect(await app.stop()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(app.stderr()).toMatch(LINE);
  expect(titles(inspector)).toEqual([]);
});

test('exitFlush in a process that only tracks events: one line, as in one with requests', async () => {
  const { inspector, stderr } = await runScript(`
    new MatomoSpanProcessor({ exitFlush: true });
    for (const name of ['first', 'second']) trackEvent('Job', name, { uid: 'ann' });
    report('tracked');`);
  expect(stderr).toMatch(LINE);
  expect(inspector.hits().map(({ params }) => params.e_a)).toEqual(['first', 'second']);
});

test('if the application removes the listener of register, the line does not advise to load it', async () => {
  const { app } = await startRegistered('ends.cjs', LATE);
  await get(`${app.url}/unlisten`);
  await eventually(() => app.stderr() !== '');
  expect(app.stderr()).toMatch(LINE);
  expect(app.stderr()).not.toContain('opentelemetry-matomo/register');
});

test.for<[string, readonly string[], Record<string, string>]>([
  ['a handler of the application', [IN_CODE], { MATOMO_EXIT_FLUSH: 'true', HANDLER: 'close' }],
  ['register', [...REGISTER, IN_CODE], { MATOMO_EXIT_FLUSH: 'true' }],
])('with %s: no line, and the hits arrive', async ([, args, given]) => {
  const { inspector, app } = await startTracked(args, { ...LATE, ...given });
  await get(`${app.url}/first`);
  await app.stop();
  expect(app.stderr()).toBe('');
  expect(titles(inspector)).toEqual(['GET /first']);
});

test('without exitFlush, nothing is to run at the end: no line', async () => {
  const { app } = await startTracked([IN_CODE], LATE);
  await get(`${app.url}/first`);
  await app.stop();
  expect(app.stderr()).toBe('');
});
