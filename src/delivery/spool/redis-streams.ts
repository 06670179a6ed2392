import { INVALID } from '../store.js';

/** The streams of a spool by the least number of failures of their hits. */
const LEVELS = [
  { name: 'hits', failures: 0 },
  { name: 'failed', failures: 1 },
  { name: 'suspects', failures: 2 },
  { name: 'invalid', failures: INVALID },
] as const;

const TOKEN = ':token';

/** The stream for hits that failed so often. */
export function streamOf(failures: number, needsToken: boolean): string {
  const { name } = LEVELS.findLast((level) => level.failures <= failures) ?? LEVELS[0];
  return `matomo-spool:${name}${needsToken ? TOKEN : ''}`;
}

/** Streams with hits that have not failed more often. With a token, those of both kinds: one kind must not wait for the other for ever. */
export function streamsUpTo(
  maxFailures: number,
  hasToken: boolean,
  isTokenFirst = false,
): string[] {
  const kinds = hasToken ? [isTokenFirst, !isTokenFirst] : [false];
  const levels = LEVELS.filter(({ failures }) => failures <= maxFailures);
  return levels.flatMap(({ failures }) =>
    kinds.map((needsToken) => streamOf(failures, needsToken)),
  );
}

/** Whether each hit of a stream is a bulk of its own. */
export function isOfSuspects(stream: string): boolean {
  return stream.startsWith(streamOf(2, false));
}

/** All streams of a spool, in the order of `Measured`. */
export const ALL_STREAMS: readonly string[] = streamsUpTo(INVALID, true);

/** What is in a spool. */
export interface Waiting {
  hits: number;
  /** Bulks that have failed more than once and may be claimed. Of those that are invalid, one. */
  suspects: number;
  /** When the oldest hit was stored that may be claimed. */
  oldestSeconds: number;
  /** The oldest needs a token. */
  isTokenFirst: boolean;
  bytes: number;
}

export const NOTHING_WAITS: Waiting = {
  hits: 0,
  suspects: 0,
  oldestSeconds: Number.POSITIVE_INFINITY,
  isTokenFirst: false,
  bytes: 0,
};

/** Of each stream: hits, when the first one was stored, in epoch milliseconds, and bytes. */
export type Measured = readonly (readonly [hits: number, since: string, bytes: number])[];

export function toWaiting(measured: Measured, hasToken: boolean): Waiting {
  const claimable = new Set(streamsUpTo(INVALID, hasToken));
  const waiting = { ...NOTHING_WAITS };
  for (const [i, [hits, since, bytes]] of measured.entries()) {
    const stream = ALL_STREAMS[i] as string;
    waiting.hits += hits;
    waiting.bytes += bytes;
    if (!claimable.has(stream) || hits === 0) continue;
    if (isOfSuspects(stream)) waiting.suspects += hits;
    else if (stream.startsWith(streamOf(INVALID, false))) waiting.suspects += 1;
    const seconds = Number(since) / 1000;
    if (seconds >= waiting.oldestSeconds) continue;
    waiting.oldestSeconds = seconds;
    waiting.isTokenFirst = stream.endsWith(TOKEN);
  }
  return waiting;
}
