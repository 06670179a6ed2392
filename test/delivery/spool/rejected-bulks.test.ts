import { expect, onTestFinished, test } from 'vitest';
import { DetachedScope } from '../../../src/common/timers.js';
import { LoopHold } from '../../../src/delivery/exit/loop-hold.js';
import { LossLog } from '../../../src/delivery/loss-log.js';
import { MemoryQueue } from '../../../src/delivery/queue/memory-queue.js';
import { Sender } from '../../../src/delivery/sender.js';
import { Spool } from '../../../src/delivery/spool/spool.js';
import { eventually } from '../../support/child-process.js';
import { DEFAULT_OPTIONS } from '../../support/default-options.js';
import { silentDiagnostics } from '../../support/diagnostics.js';
import { nameOf, queryOf } from '../../support/named-hits.js';
import { startRedis } from '../../support/redis-server.js';
import { answer, processed, scriptedTransport } from '../../support/scripted-transport.js';
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
    const memory = new MemoryQueue();
    const isFresh = () => true;
    const spool = new Spool(store, memory, isFresh);
    onTestFinished(() => spool.close());
    const given: object[] = [];
    spool.start({ onInterval: () => undefined, giveBack: (hits) => given.push(...hits) });
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
    await eventually(() => store.mayStillSend(store.lease));

    const transport = scriptedTransport();
    const sender = new Sender({
      options: { ...DEFAULT_OPTIONS, tokenAuth: 'token', maxExportBatchSize: 2 },
      transport,
      diagnostics,
      random: () => 0.5,
      losses: new LossLog(diagnostics, memory.counters),
      memory,
      spool,
      isFresh,
      hold: new LoopHold(0, new DetachedScope('test')),
      onNewToken: () => undefined,
    });
    /** Sends the next bulk and returns the names of its hits. After it, Matomo is unavailable. */
    async function send(isAccepted: (names: string[]) => boolean): Promise<string[]> {
      const sent: string[] = [];
      transport.answer(() => {
        if (sent.length > 0) return answer(503);
        const names = (transport.bodies.at(-1)?.requests ?? []).map(nameOf);
        sent.push(...names);
        return processed(names.length, isAccepted(names) ? 0 : names.length);
      });
      await sender.send({ due: 0, all: false, delayMillis: 0 });
      return sent;
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
    expect(memory.counters).toMatchObject({ tracked: 2 * REJECTED + 1, invalid: 0 });
  },
);
