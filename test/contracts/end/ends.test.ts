import { expect, test } from 'vitest';
import type { ChildExit } from '../../support/child-process.js';
import { endProcess, type TrackerOfEnd } from '../doors/ends.js';

/** What Matomo gets of a process that ends before its hits were to be sent, and what its counts say. The other test files have more ends with `register`. */
interface Row {
  readonly tracker: TrackerOfEnd;
  readonly how: string;
  /** @default a request that was answered, and the last one */
  readonly paths?: readonly string[];
  /** @default both */
  readonly hits?: readonly string[];
  /** @default ended by itself, without an error */
  readonly exit?: Partial<ChildExit>;
  readonly codes?: readonly string[];
}

const BOTH = ['GET /first 200', 'GET /last 200'];
const bySignal = (signal: NodeJS.Signals) => ({ code: null, signal });

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
  { tracker: 'start', how: 'process.exit' },
  { tracker: 'start', how: 'SIGTERM', exit: bySignal('SIGTERM') },
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
  const ended = await endProcess(tracker, how, paths);
  expect(ended).toMatchObject({
    hits,
    exit: row.exit ?? { code: 0, signal: null },
    codes: row.codes ?? [],
    stats: { tracked: hits.length, pending: 0 },
  });
});
