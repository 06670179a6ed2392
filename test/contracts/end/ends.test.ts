import { expect, test } from 'vitest';
import { type ChildExit, startServer } from '../../support/child-process.js';
import { matomo } from '../../support/registered-app.js';
import { sorted } from '../../support/sorted.js';
import { toTrackedHit } from '../doors/capture.js';

/** What Matomo gets of a process that ends before its hits were to be sent, and what its counts say. The other test files have more ends with `register`. */
interface Row {
  /** With `how`, a name in `doors/ends-app.cjs`. */
  readonly tracker: 'register' | 'start' | 'processor' | 'processor with exitFlush';
  readonly how: string;
  /** The last one ends the process. @default a request that was answered, and the last one */
  readonly paths?: readonly string[];
  /** @default both */
  readonly hits?: readonly string[];
  /** @default ended by itself, without an error */
  readonly exit?: ChildExit;
  readonly codes?: readonly string[];
}

const ENV = {
  MATOMO_SCHEDULE_DELAY: '60000', // nothing is sent before the end
  MATOMO_SHUTDOWN_TIMEOUT: '60000', // on a busy machine, a thread that sends takes seconds to connect
  MATOMO_STATS_INTERVAL: '3600000',
};
const BOTH = ['GET /first 200', 'GET /last 200'];

const ROWS: readonly Row[] = [
  {
    tracker: 'register',
    how: 'process.exit',
    paths: ['/first', '/waiting', '/open', '/last'],
    hits: ['GET /first 200', 'GET /last 200', 'GET /open 500', 'GET /waiting 500'],
  },
  {
    tracker: 'register',
    how: 'process.exit with open responses',
    paths: ['/first', '/waiting', '/open', '/last'],
    hits: ['GET /first 200', 'GET /last 200', 'GET /open 202'],
  },
  { tracker: 'start', how: 'SIGTERM', exit: { code: null, signal: 'SIGTERM' } },
  { tracker: 'start', how: 'process.exit in a listener of SIGTERM' },
  { tracker: 'start', how: 'shutdown' },
  { tracker: 'processor', how: 'shutdown' },
  { tracker: 'processor', how: 'process.exit', hits: [], codes: ['lost-at-shutdown'] },
  ...['process.exit', 'process.exit in a listener of SIGTERM'].map((how) => ({
    tracker: 'processor with exitFlush' as const,
    how,
    codes: ['signal-not-handled'],
  })),
  {
    tracker: 'processor with exitFlush',
    how: 'shutdown, and an event after it',
    hits: [...BOTH, 'event Test too late'],
    codes: ['signal-not-handled'],
  },
];

const nameOf = ({ tracker, how, paths = [] }: Row) =>
  `${tracker}: ${how}${paths.length > 0 ? `, after ${paths.join(' ')}` : ''}`;

test.each(ROWS.map((row) => [nameOf(row), row] as const))('%s', async (_name, row) => {
  const { tracker, how, paths = ['/first', '/last'], hits = BOTH } = row;
  const { inspector, env } = await matomo();
  const preload = tracker === 'register' ? ['--require', 'opentelemetry-matomo/register'] : [];
  const app = await startServer([...preload, 'test/contracts/doors/ends-app.cjs'], {
    env: { ...env, ...ENV, TRACKER: tracker, HOW: how },
  });
  for (const path of paths) {
    const answer = fetch(new URL(path, app.url)).catch(() => undefined);
    if (path === '/waiting') continue;
    const response = await answer;
    if (path !== '/open') await response?.text();
  }
  expect(await app.exit()).toEqual(row.exit ?? { code: 0, signal: null });
  expect(sorted(inspector.hits().map((hit) => toTrackedHit(hit).hit))).toEqual(hits);
  const codes = [...app.stderr().matchAll(/\[([a-z-]+)\]\n/g)].map(([, code]) => code);
  const others = new Set(codes.filter((code) => code !== 'stats'));
  expect(sorted(others)).toEqual(row.codes ?? []);
  const lines = [...app.stderr().matchAll(/(\{.*\}) \[stats\]\n/g)];
  const stats = JSON.parse(lines.at(-1)?.[1] ?? 'null');
  expect(stats).toMatchObject({ tracked: hits.length, pending: 0 });
});
