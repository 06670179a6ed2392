import { describe, expect, test } from 'vitest';
import { eventually, startServer } from '../support/child-process.js';
import { APPS, get, matomo, REGISTER, titles } from '../support/registered-app.js';
import { sorted } from '../support/sorted.js';

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

/**
 * The tests of a handler of SIGTERM that closes for 30 ms and then calls `process.exit()`, with a Matomo that needs so long for an
 * answer. `findNode` returns the path of a Node.js.
 */
export function testGracefulExit(answerMillis: readonly number[], findNode: () => string): void {
  describe.each(WAYS)('%s', (_way, args, options) => {
    /** Starts the application, whose hits are sent `delayMillis` after they were queued. */
    async function start(delayMillis: number, handler = 'graceful') {
      const node = findNode();
      const { inspector, env } = await matomo();
      const how = { HANDLER: handler, MATOMO_SCHEDULE_DELAY: String(delayMillis) };
      const app = await startServer(args, { env: { ...env, ...options, ...how }, node });
      return { inspector, app };
    }

    test.each(answerMillis)(
      'a Matomo that answers after %i ms gets each queued hit once, and nothing is logged',
      async (delayMillis) => {
        const { inspector, app } = await start(60_000);
        inspector.play({ delayMillis });
        for (const path of PATHS) await get(app.url + path);
        expect(await app.stop()).toEqual({ code: 0, signal: null });
        expect(sorted(titles(inspector))).toEqual(PATHS.map((path) => `GET ${path}`));
        expect(app.stderr()).toBe('');
      },
    );

    test.each([
      ['before', 0, 'soon'],
      ['after', 1000, 'graceful'],
    ])(
      'a Matomo that answers 503 %s the process exits: one line says what is lost',
      async (_, delayMillis, handler) => {
        const { inspector, app } = await start(60_000, handler);
        inspector.play({ status: 503, delayMillis });
        for (const path of PATHS) await get(app.url + path);
        expect(await app.stop()).toEqual({ code: 0, signal: null });
        expect(app.stderr()).toMatch(/^.*5 hits.*503.*shutdown: 5.*\[lost-at-shutdown\]\n$/);
      },
    );

    test('a bulk that was sent before the signal and is not answered: stored once, and not called lost', async () => {
      const { inspector, app } = await start(0);
      inspector.play({ delayMillis: 3_600_000, times: 1 });
      await get(`${app.url}/a`);
      await eventually(() => inspector.hits().length === 1);
      expect(await app.stop()).toEqual({ code: 0, signal: null });
      expect(titles(inspector)).toEqual(['GET /a']);
      expect(app.stderr()).toMatch(/^.*not confirmed: 1 hit\b.*\bunconfirmed: 1\b.*\n$/);
      expect(app.stderr()).not.toMatch(/\blost\b(?!\.)/);
    });

    test('a process that survives the signal goes on, and each hit arrives once', async () => {
      const { inspector, app } = await start(50, 'stays');
      await get(`${app.url}/a`);
      app.kill('SIGTERM');
      await eventually(() => app.stdout().includes('still there'));
      await eventually(() => inspector.hits().length === 1);
      await get(`${app.url}/b`);
      await eventually(() => inspector.hits().length === 2);
      await get(`${app.url}/exit`);
      expect(await app.exit()).toEqual({ code: 3, signal: null });
      expect(titles(inspector)).toEqual(['GET /a', 'GET /b', 'GET /exit']);
      expect(app.stderr()).toBe('');
    });
  });
}
