import { describe, expect, test } from 'vitest';
import { eventually, startServer } from '../support/child-process.js';
import { APPS, get, matomo, REGISTER, titles } from '../support/registered-app.js';
import { sorted } from '../support/sorted.js';

// A handler of SIGTERM that closes for 30 ms, and then calls process.exit(): how most servers end.

const WAYS: readonly [string, readonly string[], Record<string, string>][] = [
  ['register', [...REGISTER, `${APPS}/ends.cjs`], {}],
  ['start', [`${APPS}/starts-and-ends.cjs`], {}],
  [
    'a processor with exitFlush',
    [`${APPS}/ends-in-code.mjs`],
    { OPTIONS: JSON.stringify({ exitFlush: true }) },
  ],
];
const PATHS = ['/a', '/b', '/c', '/d', '/e'];

/** Starts the application, whose hits are sent `delayMillis` after they were queued. */
function startApp(args: readonly string[], env: Record<string, string>, delayMillis: number) {
  return startServer(args, {
    env: { ...env, HANDLER: 'graceful', MATOMO_SCHEDULE_DELAY: String(delayMillis) },
  });
}

describe.each(WAYS)('%s', (_way, args, options) => {
  test.each([0, 60, 200, 1000])(
    'a Matomo that answers after %i ms gets each queued hit once, and nothing is logged',
    async (delayMillis) => {
      const { inspector, env } = await matomo();
      inspector.play({ delayMillis });
      const app = await startApp(args, { ...env, ...options }, 60_000);
      for (const path of PATHS) await get(app.url + path);
      expect(await app.stop()).toEqual({ code: 0, signal: null });
      expect(sorted(titles(inspector))).toEqual(PATHS.map((path) => `GET ${path}`));
      expect(app.stderr()).toBe('');
    },
  );

  test('a Matomo that answers 503: one line says what is lost', async () => {
    const { inspector, env } = await matomo();
    inspector.play({ status: 503 });
    const app = await startApp(args, { ...env, ...options }, 60_000);
    for (const path of PATHS) await get(app.url + path);
    expect(await app.stop()).toEqual({ code: 0, signal: null });
    expect(app.stderr().match(/5 hits.*503.*shutdown: 5.*\[lost-at-shutdown\]\n/g)).toHaveLength(1);
  });

  test('a bulk that was sent before the signal and is not answered: stored once, and not called lost', async () => {
    const { inspector, env } = await matomo();
    inspector.play({ delayMillis: 3_600_000, times: 1 });
    const app = await startApp(args, { ...env, ...options }, 0);
    await get(`${app.url}/a`);
    await eventually(() => inspector.hits().length === 1);
    expect(await app.stop()).toEqual({ code: 0, signal: null });
    expect(titles(inspector)).toEqual(['GET /a']);
    expect(app.stderr()).toMatch(/^.*not confirmed: 1 hit\b.*\bunconfirmed\b.*\n$/);
    expect(app.stderr()).not.toMatch(/\blost\b(?!\.)/);
  });
});

test('a process that outlives the signal: its hits are sent, also while it lives', async () => {
  const { inspector, env } = await matomo();
  inspector.play({ delayMillis: 60 });
  const app = await startServer([...REGISTER, `${APPS}/ends.cjs`], {
    env: { ...env, HANDLER: 'stays', MATOMO_SCHEDULE_DELAY: '60000' },
  });
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
