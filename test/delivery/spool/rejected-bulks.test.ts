import { expect, onTestFinished, test } from 'vitest';
import { createInterpretResponse } from '../../../src/delivery/answer/interpret-response.js';
import { sentHits } from '../../../src/delivery/queue/batch.js';
import { SpoolSource } from '../../../src/delivery/spool/spool-source.js';
import { SpooledBatches } from '../../../src/delivery/spool/spooled-batches.js';
import { eventually } from '../../support/child-process.js';
import { silentDiagnostics } from '../../support/diagnostics.js';
import { nameOf, queryOf } from '../../support/named-hits.js';
import { startRedis } from '../../support/redis-server.js';
import { processed } from '../../support/scripted-transport.js';
import { sorted } from '../../support/sorted.js';
import { openSpool, temporaryFolder } from '../../support/spool.js';

/** Bulks of two hits each. */
const REJECTED = 120;

test.each([
  ['a folder', async () => temporaryFolder()],
  ['Redis', async () => (await startRedis()).url],
])(
  'in %s, newer hits are sent although Matomo rejects many bulks in a row, which stay pending',
  async (_place, open) => {
    const diagnostics = silentDiagnostics();
    const store = openSpool({ folder: await open() }, diagnostics);
    if (!store) throw new Error('no spool');
    const source = new SpoolSource(store, { tokenAuth: 'token' });
    onTestFinished(() => source.close());
    const given: object[] = [];
    source.start({ onInterval: () => undefined, takeOver: (hits) => given.push(...hits) });
    await store.ready;
    const bad = Array.from({ length: 2 * REJECTED }, (_, i) => `bad${i}`);
    const startSeconds = Date.now() / 1000 - 1000;
    store.append(
      [...bad, 'good'].map((name, i) => ({
        site: 1,
        visitor: 'v',
        startSeconds: startSeconds + i,
        kind: 'page' as const,
        query: queryOf(name),
      })),
    );
    await store.write();
    expect(given).toEqual([]);
    await eventually(async () => (await source.findTerm(true)) > 0);

    const batches = new SpooledBatches(source, 2, () => true);
    const response = createInterpretResponse(
      { hasToken: true, resendUnconfirmed: false },
      diagnostics,
      () => 0.5,
      () => ({ pending: 0, waitUntilMillis: 0 }),
      { add: () => undefined },
    );
    /** Sends the next bulk and returns the names of its hits. */
    async function send(isAccepted: (names: string[]) => boolean): Promise<string[]> {
      const batch = await batches.next(0, true);
      if (!batch) return [];
      const names = sentHits(batch).map(({ buffer, start, end }) =>
        nameOf(buffer.toString('latin1', start, end)),
      );
      const exchange = processed(names.length, isAccepted(names) ? 0 : names.length);
      batches.decide(
        batch,
        response.interpret(batch, exchange, response.read(batch, exchange), Date.now()),
      );
      return names;
    }

    const isGood = (names: string[]) => names.includes('good');
    for (let i = 0; i < REJECTED; i++) expect(await send(isGood)).not.toContain('good');
    expect(await send(isGood)).toContain('good');
    const sent: string[] = [];
    for (let names = await send(() => true); names.length > 0; names = await send(() => true)) {
      sent.push(...names);
    }
    expect(sorted(sent)).toEqual(sorted(bad));
    await eventually(() => store.pending === 0);
    expect(source.counters).toMatchObject({ tracked: 2 * REJECTED + 1, invalid: 0 });
  },
);
