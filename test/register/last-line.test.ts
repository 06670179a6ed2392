import { describe, expect, test } from 'vitest';
import { eventually, startServer } from '../support/child-process.js';
import { listen } from '../support/listen.js';
import { APPS, get, matomo, REGISTER, startRegistered } from '../support/registered-app.js';

// Each of these lines is the last that an application logs, and has to name what an operator can change.

const HOUR = 3_600_000;

describe('a bulk is open and another hit is queued when the time is up', () => {
  test.for([
    ['SIGTERM', {}],
    ['SIGHUP', {}],
    ['SIGTERM', { HANDLER: 'now' }],
    ['SIGTERM', { HANDLER: 'graceful' }],
  ] as const)('%s, %o: the cause is the time', async ([signal, handler]) => {
    const { inspector, app } = await startRegistered('ends.cjs', {
      ...handler,
      MATOMO_MAX_EXPORT_BATCH_SIZE: '1',
      MATOMO_SHUTDOWN_TIMEOUT: '500',
    });
    inspector.play({ delayMillis: HOUR });
    await get(`${app.url}/a`);
    await eventually(() => inspector.hits().length === 1);
    await get(`${app.url}/b`);
    await app.stop(signal);
    const lines = app.stderr().trim().split('\n');
    expect(lines.at(-1)).toMatch(/\(.*\btimeout\b.*\).*\bshutdownTimeoutMillis\b/);
    expect(app.stderr()).not.toMatch(/exportTimeoutMillis|thread|no answer within/);
  });
});

test('a cause that is known is not replaced by what the end itself has cut short', async () => {
  const { inspector, app } = await startRegistered('ends.cjs', {
    MATOMO_MAX_EXPORT_BATCH_SIZE: '1',
  });
  inspector.play({ status: 302 });
  await get(`${app.url}/a`);
  await eventually(() => app.stderr().includes('[redirected]'));
  inspector.play({ delayMillis: HOUR });
  await get(`${app.url}/exit`);
  await app.exit();
  const lines = app.stderr().trim().split('\n');
  expect(lines.at(-1)).toMatch(/\b302\b.*\[(?:lost-at-shutdown|unconfirmed)\]$/);
});

test.each([{}, { HANDLER: 'graceful' }, { HANDLER: 'drains' }])(
  '%o: Matomo drops the connection after SIGTERM: one line names the cause',
  async (handler) => {
    const matomo = await listen((request) =>
      request.resume().on('end', () => request.socket.destroy()),
    );
    const env = { ...handler, MATOMO_URL: matomo, MATOMO_SITE_ID: '1' };
    const app = await startServer([...REGISTER, `${APPS}/ends.cjs`], { env });
    await get(`${app.url}/a`);
    await app.stop('SIGTERM');
    const cause = handler.HANDLER === 'graceful' ? '' : 'ECONNRESET';
    expect(app.stderr()).toMatch(new RegExp(`^.*1 hit\\b.*${cause}.*\\[unconfirmed\\]\\n$`));
  },
);

test('an invalid proxy is named at exit too', async () => {
  const env = {
    MATOMO_URL: 'http://matomo.example',
    MATOMO_SITE_ID: '1',
    HTTP_PROXY: 'socks5://127.0.0.1:1',
    MATOMO_SCHEDULE_DELAY: '60000',
  };
  const app = await startServer([...REGISTER, `${APPS}/ends.cjs`], { env });
  await get(`${app.url}/exit`);
  await app.exit();
  expect(app.stderr()).toMatch(/^.*\bHTTP_PROXY\b.*\[lost-at-shutdown\]\n$/);
});

test('without permission to start threads, the flag that permits it is named', async () => {
  const { env } = await matomo();
  const flag =
    Number.parseInt(process.versions.node, 10) < 24 ? '--experimental-permission' : '--permission';
  const permission = ['--no-warnings', flag, '--allow-fs-read=*', '--allow-fs-write=*'];
  const app = await startServer([...permission, ...REGISTER, `${APPS}/ends.cjs`], { env });
  await get(`${app.url}/exit`);
  await app.exit();
  expect(app.stderr()).toMatch(/^.*--allow-worker\b.*\[lost-at-shutdown\]\n$/);
});
