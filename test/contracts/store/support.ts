import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { arrivalsOf, type BulkReceiver, startBulkReceiver } from '../../support/bulk-receiver.js';
import { eventually } from '../../support/child-process.js';
import { seededRandom } from '../../support/seed.js';
import { sorted } from '../../support/sorted.js';
import { type ProcessCounts, type SpoolProcess, startSpoolProcess } from '../doors/store.js';

export const UNAVAILABLE = { refusals: Number.POSITIVE_INFINITY };
const PATIENCE = { timeoutMillis: 50_000 };
/** After so long, a killed process of a Redis is dead. */
const DEAD_MILLIS = 2_000;

export interface Site {
  readonly matomo: BulkReceiver;
  start(env?: Readonly<Record<string, string>>): SpoolProcess;
}

/** A Matomo, and processes that share a spool. */
export async function openSite(place: string, prefix: readonly string[] = []): Promise<Site> {
  const matomo = await startBulkReceiver();
  return {
    matomo,
    start: (env = {}) =>
      startSpoolProcess({ MATOMO_URL: matomo.url, MATOMO_SPOOL: place, ...env }, prefix),
  };
}

/** Names of hits that no other process puts. */
export const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}-${i + 1}`);

/** Waits until a process says so of its hits, which are all accounted for. */
export async function until(
  process: SpoolProcess,
  isSo: (counts: ProcessCounts) => boolean,
): Promise<ProcessCounts> {
  let last: ProcessCounts | undefined;
  return eventually(
    async () => {
      last = await process.counts();
      expect(last.balance[0]).toBe(last.balance[1]);
      return isSo(last) && last;
    },
    { ...PATIENCE, describe: () => `${JSON.stringify(last)} ${process.codes().join(' ')}` },
  );
}

/** Hits that were tracked, each as often as it was, in the order of their names. */
export const tracked = (matomo: BulkReceiver): string[] => sorted(matomo.tracked());

export async function allArrive(matomo: BulkReceiver, expected: readonly string[]): Promise<void> {
  const missing = () => {
    const arrivals = arrivalsOf(matomo);
    return expected.filter((name) => !arrivals.has(name));
  };
  await eventually(() => missing().length === 0, {
    ...PATIENCE,
    describe: () => `${missing().length} of ${expected.length}: ${missing().slice(0, 9).join(' ')}`,
  });
}

/** Kills processes at random moments. What they said to be safe arrives, and nothing twice but what was in flight: at most `most` bulks at each. */
export async function killAtRandom(place: string, rounds: number, most: number): Promise<void> {
  const random = seededRandom();
  const { matomo, start } = await openSite(place);
  // What was in flight is sent again, so that nothing may be missing.
  const env = { DEAD_MILLIS: String(DEAD_MILLIS), MATOMO_RESEND_UNCONFIRMED: 'true' };
  const all: SpoolProcess[] = [];
  for (let round = 0; round < rounds; round++) {
    matomo.play([{ refusals: 2 }, { delayMillis: 100 }, {}][round % 3] ?? {});
    const victim = start({ ...env, RATE: '150' });
    all.push(victim);
    await eventually(() => victim.safe().length > 0, PATIENCE);
    await wait(random() * 1_000); // so that it is killed at any instant
    await victim.kill();
  }
  matomo.play({});
  const heir = start(env);
  await allArrive(
    matomo,
    all.flatMap((victim) => victim.safe()),
  );
  await until(heir, ({ pending }) => pending === 0);
  // All but the last bulk in which a hit came were in flight at a kill.
  const repeated = new Set([...arrivalsOf(matomo).values()].flatMap((bulks) => bulks.slice(0, -1)));
  expect(repeated.size).toBeLessThanOrEqual(most * rounds);
}

/** A place that fails and is well again. */
export interface Trouble {
  readonly place: string;
  readonly prefix?: readonly string[];
  begin(): unknown;
  end(): unknown;
}

/** While the place fails, and Matomo too, hits are pending in memory; each arrives once when both are well. */
export async function survive({ place, prefix, begin, end }: Trouble): Promise<void> {
  const { matomo, start } = await openSite(place, prefix);
  const process = start();
  await process.put(...names('a', 3));
  await until(process, (counts) => counts.tracked === 3);
  matomo.play(UNAVAILABLE);
  await begin();
  await process.put(...names('b', 20));
  // If the place hangs, only newer hits are sent until it answers.
  const more: string[] = [];
  await eventually(
    async () => {
      more.push(`c-${more.length + 1}`);
      await process.put(...more.slice(-1));
      return matomo.bulks.some(({ isTracked }) => !isTracked);
    },
    { ...PATIENCE, describe: () => `a bulk while the place fails: ${process.codes().join(' ')}` },
  );
  const put = 23 + more.length;
  const { pending, spooled, ...counts } = await until(process, (now) => now.put === put);
  expect({ ...counts, waiting: pending + spooled }).toMatchObject({
    put,
    waiting: put - 3,
    lost: 0,
  });
  await end();
  matomo.play({});
  await until(process, (counts) => counts.tracked === put);
  expect(tracked(matomo)).toEqual(sorted([...names('a', 3), ...names('b', 20), ...more]));
  const codes = process.codes().filter((code) => /^spool-not-/.test(code));
  expect(new Set(codes).size).toBe(codes.length);
}
