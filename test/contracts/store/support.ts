import { expect } from 'vitest';
import { type BulkReceiver, startBulkReceiver } from '../../support/bulk-receiver.js';
import { eventually } from '../../support/child-process.js';
import { sorted } from '../../support/sorted.js';
import { type PuttingProcess, startPuttingProcess } from '../doors/spool-process.js';
import type { Opened } from '../doors/spool-store.js';

/** Claims and files are those of dead processes after a moment. */
export const SOON_DEAD = { deadMillis: 100 };

export const hit = (name: string) => ({
  client: 'c',
  visitor: 'v',
  startSeconds: 1_800_000_000,
  query: `?h=${name}`,
  site: 1,
  kind: 'action' as const,
});
export const hits = (names: string) => [...names].map(hit);
export const namesOf = (claimed: readonly { readonly query: string }[] = []): string =>
  claimed.map(({ query }) => query.replace('?h=', '')).join('');

/** Claims all and ends it as tracked, bulk by bulk. */
export async function drainBulks({ spool }: Pick<Opened, 'spool'>, most = 100): Promise<string[]> {
  const bulks: string[] = [];
  for (let claim = await spool.claim(most); claim; claim = await spool.claim(most)) {
    bulks.push(namesOf(claim.hits));
    await claim.done({ tracked: claim.hits.length }, []);
  }
  return bulks;
}

export const drain = async (opened: Pick<Opened, 'spool'>, most = 100): Promise<string> =>
  (await drainBulks(opened, most)).join('');

/** The same until so many came. */
export async function drainAll(opened: Pick<Opened, 'spool'>, count: number): Promise<string> {
  let names = '';
  await eventually(async () => {
    names += await drain(opened);
    return names.length >= count;
  });
  return names;
}

/** Claims until there is something. */
export const claimed = ({ spool }: Pick<Opened, 'spool'>, most = 100) =>
  eventually(() => spool.claim(most));

/** Each of the hits that were put is accounted for. */
export function expectBalance({ balance }: Pick<Opened, 'balance'>, put: number): void {
  const [came, known] = balance(put);
  expect(came).toBe(known);
}

export const UNAVAILABLE = { refusals: Number.POSITIVE_INFINITY };
/** Longer than `deadMillis`: after a minute, hits of a claim that could not be given back are claimed again. */
const PATIENCE = { timeoutMillis: 120_000 };

/** A Matomo, and processes that share a spool. */
export async function openSite(place: string) {
  const matomo = await startBulkReceiver();
  const env = { MATOMO_URL: matomo.url, MATOMO_SPOOL: place };
  const start = (more: Readonly<Record<string, string>> = {}) =>
    startPuttingProcess({ ...env, ...more });
  return { matomo, start };
}

/** Names of hits that no other process puts. */
export const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}-${i + 1}`);

type Counts = Awaited<ReturnType<PuttingProcess['counts']>>;

/** Waits until a process says so of its hits, which are all accounted for. */
export async function until(
  process: PuttingProcess,
  isSo: (counts: Counts) => boolean,
): Promise<Counts> {
  let last: Counts | undefined;
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
    const arrived = new Set(matomo.tracked());
    return expected.filter((name) => !arrived.has(name));
  };
  await eventually(() => missing().length === 0, {
    ...PATIENCE,
    describe: () => `${missing().length} of ${expected.length}: ${missing().slice(0, 9).join(' ')}`,
  });
}
