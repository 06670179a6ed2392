import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eventually, type Server, startServer } from '../support/child-process.js';
import { secondCopy } from '../support/installed-app.js';
import { APPS, get, matomo, REGISTER, titles } from '../support/registered-app.js';
import { requires, skipTest } from '../support/skips.js';

const APP = `${APPS}/ends.cjs`;
const SIGNAL_EXIT = ['--require', `./${APPS}/signal-exit.cjs`];
const BOTH = ['GET /first', 'GET /second'];

/** Starts the application with these preloads, and has it answer two requests. */
async function startApp(
  args: readonly string[],
  env: Record<string, string>,
  command?: readonly string[],
): Promise<Server> {
  const app = await startServer(args, { env, ...(command && { command }) });
  await get(`${app.url}/first`);
  await get(`${app.url}/second`);
  return app;
}

describe('a signal that no handler of the application listens to', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const)(
    '%s ends the process as it would without us, with every hit sent',
    async (signal) => {
      const { inspector, env } = await matomo();
      const app = await startApp([...REGISTER, APP], env);
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
      const { inspector, env } = await matomo();
      const preloads =
        order === 'before' ? [...SIGNAL_EXIT, ...REGISTER] : [...REGISTER, ...SIGNAL_EXIT];
      const app = await startApp([...preloads, APP], { ...env, SIGNAL_EXIT: version });
      expect(await app.stop(signal)).toEqual({ code: null, signal });
      expect(app.stdout()).toContain(`cleaned up: null ${signal}`);
      expect(titles(inspector)).toEqual(BOTH);
      expect(app.stderr()).toBe('');
    },
  );

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'two copies of the package and signal-exit: %s ends the process, and each request is one hit',
    async (signal) => {
      const { inspector, env } = await matomo();
      const copy = ['--require', join(secondCopy(), 'dist/cjs/register.js')];
      const args = [...REGISTER, ...copy, ...SIGNAL_EXIT, APP];
      const app = await startApp(args, { ...env, SIGNAL_EXIT: '4' });
      expect(await app.stop(signal)).toEqual({ code: null, signal });
      expect(titles(inspector)).toEqual(BOTH);
    },
  );

  test('a processor of the ES module build is flushed by register, which is CommonJS', async () => {
    const { inspector, env } = await matomo();
    const app = await startApp([...REGISTER, `${APPS}/ends-in-code.mjs`], env);
    expect(await app.stop()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(titles(inspector)).toEqual(BOTH);
  });

  test('requests that finish while hits are sent are sent as well', async () => {
    const { inspector, env } = await matomo();
    inspector.play({ delayMillis: 1000, times: 1 });
    const app = await startApp([...REGISTER, APP], { ...env, MATOMO_SHUTDOWN_TIMEOUT: '15000' });
    const ended = app.stop();
    await eventually(() => inspector.hits().length === 2); // stored, and the answer is delayed
    await get(`${app.url}/third`);
    expect(await ended).toEqual({ code: null, signal: 'SIGTERM' });
    expect(titles(inspector)).toEqual([...BOTH, 'GET /third']);
  });
});

describe('the first process of a container', () => {
  const UNSHARE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
  const [command = '', ...flags] = UNSHARE;
  const hasNamespaces = spawnSync(command, [...flags, 'true']).status === 0;

  test.for([
    ['SIGTERM', []],
    ['SIGINT', []],
    ['SIGHUP', SIGNAL_EXIT],
  ] as const)('%s ends it with 128 + n when its hits are sent', async ([signal, preloads]) => {
    requires('unshare');
    skipTest(hasNamespaces ? undefined : 'This user may not make namespaces.', 'unshare');
    const { inspector, env } = await matomo();
    const args = [...REGISTER, ...preloads, APP];
    const app = await startApp(args, { ...env, SIGNAL_EXIT: '4' }, UNSHARE);
    expect(await get(`${app.url}/pid`)).toBe('1');
    await get(`${app.url}/signal/${signal}`).catch(() => undefined);
    expect(await app.exit()).toEqual({ code: 128 + constants.signals[signal], signal: null });
    expect(titles(inspector).slice(0, 2)).toEqual(BOTH);
  });
});
