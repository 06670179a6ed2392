import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { arrivalsOf, type BulkReceiver, startBulkReceiver } from '../../support/bulk-receiver.js';
import { eventually } from '../../support/child-process.js';
import { seededRandom } from '../../support/seed.js';
import { sorted } from '../../support/sorted.js';
import type { OpenedSpool } from '../doors/spool-store.js';
import { type ProcessCounts, type SpoolProcess, startSpoolProcess } from '../doors/store.js';

export const ALL: number = Number.POSITIVE_INFINITY;
/** Claims and files are those of dead processes after a moment. */
export const SOON_DEAD = { exportTimeoutMillis: 0, limits: { deadMillis: 100 } };

export const hit = (name: string) => ({
  visitor: 'v',
  startSeconds: 1_800_000_000,
  query: `?h=${name}`,
  site: 1,
  kind: 'action' as const,
});
export const hits = (names: string) => [...names].map(hit);
export const namesOf = (claimed: readonly { readonly query: string }[] = []): string =>
  claimed.map(({ query }) => query.replace('?h=', '')).join('');

type Opened = Pick<OpenedSpool, 'spool'>;

/** Claims all and ends it as tracked, bulk by bulk. */
export async function drainBulks({ spool }: Opened, most = 100): Promise<string[]> {
  const bulks: string[] = [];
  for (let claim = await spool.claim(most, ALL); claim; claim = await spool.claim(most, ALL)) {
    bulks.push(namesOf(claim.hits));
    await claim.done({ tracked: claim.hits.length });
  }
  return bulks;
}

export const drain = async (opened: Opened, most = 100): Promise<string> =>
  (await drainBulks(opened, most)).join('');

/** The same until so many came. */
export async function drainAll(opened: Opened, count: number): Promise<string> {
  let names = '';
  await eventually(async () => {
    names += await drain(opened);
    return names.length >= count;
  });
  return names;
}

/** Each of the hits that were put is accounted for. */
export function expectBalance({ balance }: OpenedSpool, put: number): void {
  const [came, known] = balance(put);
  expect(came).toBe(known);
}

export const UNAVAILABLE = { refusals: Number.POSITIVE_INFINITY };
const PATIENCE = { timeoutMillis: 50_000 };
/** After so long, a killed process of a Redis is dead. */
const DEAD_MILLIS = 2_000;

export interface Site {
  readonly matomo: BulkReceiver;
  start(env?: Readonly<Record<string, string>>): SpoolProcess;
}

/** A Matomo, and processes that share a spool. */
export async function openSite(place: string): Promise<Site> {
  const matomo = await startBulkReceiver();
  return {
    matomo,
    start: (env = {}) => startSpoolProcess({ MATOMO_URL: matomo.url, MATOMO_SPOOL: place, ...env }),
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
