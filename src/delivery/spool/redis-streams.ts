import { INVALID } from '../store.js';
import { LEVELS } from './redis-scripts.js';

/** The stream for hits that failed so often. */
export function streamOf(failures: number, needsToken: boolean): string {
  return `matomo-spool:${LEVELS[levelOf(failures)]}${needsToken ? ':token' : ''}`;
}

function levelOf(failures: number): number {
  return failures >= INVALID ? 3 : Math.min(failures, 2);
}

/** Streams with hits that have not failed more often. With a token, those of both kinds: one kind must not wait for the other for ever. */
export function streamsUpTo(
  maxFailures: number,
  hasToken: boolean,
  isTokenFirst = false,
): string[] {
  const kinds = hasToken ? [isTokenFirst, !isTokenFirst] : [false];
  const levels = [0, 1, 2, INVALID].slice(0, levelOf(maxFailures) + 1);
  return levels.flatMap((failures) => kinds.map((needsToken) => streamOf(failures, needsToken)));
}

/** Whether the hits of a stream have failed more than once. Then, an entry is a bulk of its own. */
export function hasSuspects(stream: string): boolean {
  return /:(?:suspects|invalid)\b/.test(stream);
}

/** All streams of a spool, in the order of `Measured`. */
export const ALL_STREAMS: readonly string[] = streamsUpTo(INVALID, true);

/** What can be claimed. */
export interface Waiting {
  hits: number;
  suspects: number;
  oldestSeconds: number;
  /** The oldest needs a token. */
  isTokenFirst: boolean;
  /** Of all streams. */
  bytes: number;
}

export const NOTHING_WAITS: Waiting = {
  hits: 0,
  suspects: 0,
  oldestSeconds: Number.POSITIVE_INFINITY,
  isTokenFirst: false,
  bytes: 0,
};

/** Hits; and of each stream entries that can be claimed, the ID of the oldest one, bytes. */
export type Measured = readonly [
  hits: number,
  ...streams: (readonly [entries: number, oldestId: string, bytes: number])[],
];

/** Suspects and age are of those that can be claimed with or without a token. */
export function toWaiting([hits, ...streams]: Measured, hasToken: boolean): Waiting {
  const claimable = new Set(streamsUpTo(INVALID, hasToken));
  const waiting = { ...NOTHING_WAITS, hits };
  const oldest = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] as [number, number];
  for (const [i, [entries, oldestId, bytes]] of streams.entries()) {
    const stream = ALL_STREAMS[i] as string;
    waiting.bytes += bytes;
    if (!claimable.has(stream) || entries === 0) continue;
    if (hasSuspects(stream)) waiting.suspects += entries;
    const kind = Number(stream.endsWith(':token'));
    oldest[kind] = Math.min(oldest[kind] as number, Number.parseInt(oldestId, 10) / 1000);
  }
  waiting.oldestSeconds = Math.min(...oldest);
  waiting.isTokenFirst = oldest[1] < oldest[0];
  return waiting;
}
