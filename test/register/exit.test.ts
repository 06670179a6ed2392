import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { secondCopy } from '../support/installed-app.js';
import { APPS, get, REGISTER, startTracked, titles } from '../support/registered-app.js';
import { PRELUDE, runScript } from '../support/script.js';
import { requires, skipTest } from '../support/skips.js';

const APP = `${APPS}/ends.cjs`;
const SIGNAL_EXIT = ['--require', `./${APPS}/signal-exit.cjs`];
const BOTH = ['GET /first', 'GET /second'];

/** Starts the application with these preloads, and has it answer two requests. */
async function startApp(...given: Parameters<typeof startTracked>) {
  const started = await startTracked(...given);
  await get(`${started.app.url}/first`);
  await get(`${started.app.url}/second`);
  return started;
}

describe('a signal that no handler of the application listens to', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const)(
    '%s ends the process as it would without us, with every hit sent',
    async (signal) => {
      const { inspector, app } = await startApp([...REGISTER, APP]);
      expect(await app.stop(signal)).toEqual({ code: null, signal });
      expect(titles(inspector)).toEqual(BOTH);
      expect(app.stderr()).toBe('');
    },
  );

  test.for([
    ['3', 'before', 'SIGTERM'],
    ['3', 'after', 'SIGINT'],
    ['3', 'after', 'SIGUSR2'],
    ['4', 'before', 'SIGINT'],
    ['4', 'after', 'SIGTERM'],
    ['4', 'after', 'SIGHUP'],
  ] as const)(
    'signal-exit %s, loaded %s us, and %s: it cleans up and the process ends',
    async (given) => {
      const [version, order, signal] = given;
      const preloads =
        order === 'before' ? [...SIGNAL_EXIT, ...REGISTER] : [...REGISTER, ...SIGNAL_EXIT];
      const { inspector, app } = await startApp([...preloads, APP], { SIGNAL_EXIT: version });
      expect(await app.stop(signal)).toEqual({ code: null, signal });
      expect(app.stdout()).toContain(`cleaned up: null ${signal}`);
      expect(titles(inspector)).toEqual(BOTH);
      expect(app.stderr()).toBe('');
    },
  );

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'two copies of the package and signal-exit: %s ends the process, and each request is one hit',
    async (signal) => {
      const copy = ['--require', join(secondCopy(), 'dist/cjs/register.js')];
      const args = [...REGISTER, ...copy, ...SIGNAL_EXIT, APP];
      const { inspector, app } = await startApp(args, { SIGNAL_EXIT: '4' });
      expect(await app.stop(signal)).toEqual({ code: null, signal });
      expect(titles(inspector)).toEqual(BOTH);
    },
  );

  test('a processor of the ES module build is flushed by register, which is CommonJS', async () => {
    const { inspector, app } = await startApp([...REGISTER, `${APPS}/ends-in-code.mjs`]);
    expect(await app.stop()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(titles(inspector)).toEqual(BOTH);
  });

  // The process is the leader of a group of its own.
  test.for([
    ['its ID', 'process.pid'],
    ['its ID as a text', 'String(process.pid)'],
    ['the ID of its group', '-process.pid'],
    ['0, its group', '0'],
  ])('that the process sends to %s as its last act ends it', async ([, id]) => {
    requires('signals');
    const code = `
      const { server, url } = await serve();
      start();
      await get(url + '/a');
      server.close(() => process.kill(${id}, 'SIGTERM'));`;
    const { inspector, reported } = await runScript(`
      const { spawn } = require('node:child_process');
      const code = ${JSON.stringify(`${PRELUDE}(async () => {${code}})();`)};
      const child = spawn(process.execPath, ['-e', code], { detached: true, stdio: 'inherit' });
      child.on('exit', (...exit) => report(exit));`);
    expect(reported).toEqual([null, 'SIGTERM']);
    expect(titles(inspector)).toEqual(['GET /a']);
  });

  test('requests that finish while hits are sent are sent as well', async () => {
    const { inspector, app } = await startApp([...REGISTER, APP], {
      MATOMO_SCHEDULE_DELAY: '60000',
      MATOMO_SHUTDOWN_TIMEOUT: '15000',
    });
    inspector.play({ delayMillis: 3000, times: 1 });
    const ended = app.stop();
    await eventually(() => inspector.hits().length === 2); // stored, and the answer is delayed
    await get(`${app.url}/third`);
    expect(await ended).toEqual({ code: null, signal: 'SIGTERM' });
    expect(titles(inspector)).toEqual([...BOTH, 'GET /third']);
  });
});

test.each([
  ['register, which has sent before', 'await get(url + "/a");', ['GET /a', 'bye', 'again']],
  ['a process that has tracked nothing else', '', ['bye', 'again']],
])('hits of a listener of `exit` are sent: %s', async (_who, visit, sent) => {
  const { inspector, reported } = await runScript(
    `const { trackHit } = require('opentelemetry-matomo');
    process.on('exit', () => {
      for (const action_name of ['bye', 'again']) trackHit({ action_name, uid: 'ann' });
    });
    const { server, url } = await serve();
    ${visit}
    server.close();
    report('done');`,
    { flags: REGISTER },
  );
  expect(reported).toBe('done');
  expect(inspector.hits().map(({ params }) => params.action_name)).toEqual(sent);
});

test('if Matomo does not answer, they take no longer than all waits of a process together', async () => {
  const { reported, stderr } = await runScript(
    `start({ shutdownTimeoutMillis: 500 });
    const { trackHit } = require('opentelemetry-matomo');
    process.on('exit', () => {
      const began = performance.now();
      for (let i = 0; i < 50; i++) trackHit({ action_name: 'bye', uid: 'ann' });
      report(performance.now() - began);
    });
    const { server } = await serve();
    server.close();`,
    { answer: { delayMillis: 3_600_000 } },
  );
  expect(reported).toBeLessThan(10_000);
  expect(stderr).toMatch(/\[(?:lost-at-shutdown|unconfirmed)\]/);
});

describe('the first process of a container', () => {
  const UNSHARE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
  const [command = '', ...flags] = UNSHARE;
  const hasNamespaces = spawnSync(command, [...flags, 'true']).status === 0;

  async function startFirst(preloads: readonly string[]) {
    requires('unshare');
    skipTest(hasNamespaces ? undefined : 'This user may not make namespaces.', 'unshare');
    const args = [...REGISTER, ...preloads, APP];
    const started = await startApp(args, { SIGNAL_EXIT: '4' }, { command: UNSHARE });
    expect(await get(`${started.app.url}/pid`)).toBe('1');
    return started;
  }

  test.for([
    ['SIGTERM', []],
    ['SIGINT', []],
    ['SIGTERM', SIGNAL_EXIT],
  ] as const)('%s ends it with 128 + n when its hits are sent', async ([signal, preloads]) => {
    const { inspector, app } = await startFirst(preloads);
    await get(`${app.url}/signal/${signal}`).catch(() => undefined);
    expect(await app.exit()).toEqual({ code: 128 + constants.signals[signal], signal: null });
    expect(titles(inspector).slice(0, 2)).toEqual(BOTH);
  });

  test.for([
    ['SIGHUP', []],
    ['SIGUSR2', []],
    ['SIGHUP', SIGNAL_EXIT],
  ] as const)('%s does not end it, as the kernel drops it', async ([signal, preloads]) => {
    const { inspector, app } = await startFirst(preloads);
    await get(`${app.url}/signal/${signal}`);
    await get(`${app.url}/signal/SIGTERM`).catch(() => undefined);
    expect(await app.exit()).toEqual({ code: 128 + constants.signals.SIGTERM, signal: null });
    expect(titles(inspector)).toContain(`GET /signal/${signal}`);
  });
});
