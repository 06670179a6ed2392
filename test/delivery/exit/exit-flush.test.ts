import { expect, test } from 'vitest';
import { flushAtExit } from '../../../src/delivery/exit/exit-flush.js';
import type { Exchange } from '../../../src/delivery/http/transport.js';
import { type Batch, sentHits } from '../../../src/delivery/queue/batch.js';
import { BatchQueue } from '../../../src/delivery/queue/batch-queue.js';
import { sumOfCounters } from '../../../src/delivery/queue/counters.js';
import { MemorySource } from '../../../src/delivery/queue/memory-source.js';
import type { Hit } from '../../../src/hit/hit.js';
import { pending } from '../../support/delivery.js';
import { answer, processed } from '../../support/scripted-transport.js';

function hit(name: string, kind: Hit['kind'] = 'page'): Hit {
  return { site: 1, visitor: name, startSeconds: Date.now() / 1000, kind, query: `?n=${name}` };
}

/** Flushes these hits, and tells what was sent and what became of them. */
function flush(
  hits: readonly Hit[],
  respond: (names: string[]) => Exchange,
  millis = 60_000,
  rereadToken = () => false,
) {
  const source = new MemorySource();
  const { counters } = source;
  const bulks: string[][] = [];
  for (const hit of hits) source.push(pending({ finalize: () => [hit] }));
  const reason = flushAtExit(source, new BatchQueue(100), {
    hasToken: true,
    isFresh: () => true,
    maxExportBatchSize: 100,
    exportTimeoutMillis: 30_000,
    deadlineMillis: performance.now() + millis,
    rereadToken,
    invalidHits: { add: () => undefined },
    send(batch) {
      const names = namesOf(batch);
      bulks.push(names);
      return respond(names);
    },
  });
  expect(sumOfCounters(counters) + source.pending).toBe(hits.length);
  return { reason, bulks, counters, left: source.pending };
}

function namesOf(batch: Batch): string[] {
  return sentHits(batch).map(({ buffer, start, end }) => buffer.toString('latin1', start + 3, end));
}

const REFUSED: Exchange = { kind: 'not_sent', error: new Error('nobody listens') };
const LETTERS = [...'abcdefgh'].map((name) => hit(name));

test('a bulk that is too large is halved until its hits are through', () => {
  const { reason, counters, left } = flush(LETTERS, ({ length }) =>
    length > 2 ? answer(413, '') : processed(length),
  );
  expect({ reason, left, tracked: counters.tracked }).toEqual({ left: 0, tracked: 8 });
});

test('a hit that rolls its bulk back costs no other', () => {
  const { reason, counters, left } = flush(LETTERS, (names) =>
    names.includes('c') ? answer(500, '') : processed(names.length),
  );
  expect({ reason, left, tracked: counters.tracked }).toEqual({ left: 0, tracked: 7 });
  expect(counters.lost.rejected).toBe(1);
});

test('a database that is down is not asked for each hit', () => {
  const hits = Array.from({ length: 100 }, (_, i) => hit(`n${i}`));
  const { reason, bulks } = flush(hits, () => answer(500, ''));
  expect(reason).toMatch(/\b500\b/);
  expect(bulks).toHaveLength(10);
});

test('crashes that Matomo cannot take are dropped after the page views', () => {
  const hits = [hit('crash', 'crash'), hit('page')];
  const { bulks, counters } = flush(hits, ([name]) =>
    name === 'crash' ? answer(500, '') : processed(1),
  );
  expect(bulks).toEqual([['page'], ['crash']]);
  expect(counters).toMatchObject({ tracked: 1, lost: { rejected: 1 } });
});

test('AI chatbots leave in bulks of their own, and a deadlock among them costs no visit', () => {
  const bots = ['x', 'y', 'z'].map((name) => ({
    ...hit(name),
    query: `?n=${name}&idsite=1&recMode=1`,
  }));
  const isBot = (name: string) => name.includes('recMode');
  const { reason, bulks, counters, left } = flush([...bots, ...LETTERS], (names) =>
    names.some(isBot) ? answer(500, '') : processed(names.length),
  );
  expect(bulks.filter((names) => names.some(isBot) && !names.every(isBot))).toEqual([]);
  expect({ reason, left, tracked: counters.tracked }).toEqual({ left: 0, tracked: 8 });
  expect(counters.lost.rejected).toBe(3);
});

test.for<[string, Exchange, number, number]>([
  ['cannot be reached', REFUSED, 0, 8],
  ['answers 503', answer(503, ''), 0, 8],
  ['redirects', answer(302, ''), 0, 8],
  ['does not answer', { kind: 'no_answer', error: new Error('late') }, 8, 0],
])('a Matomo that %s is asked once', async ([, exchange, unconfirmed, left]) => {
  const flushed = flush(LETTERS, () => exchange);
  expect(flushed.bulks).toHaveLength(1);
  expect(flushed.left).toBe(left);
  expect(flushed.counters.lost.unconfirmed).toBe(unconfirmed);
  expect(flushed.reason).toBeDefined();
});

test('nothing is sent when the time is up', () => {
  const { reason, bulks, left } = flush(LETTERS, ({ length }) => processed(length), 0);
  expect({ reason, bulks, left }).toEqual({
    reason: expect.stringContaining('timeout'),
    bulks: [],
    left: 8,
  });
});

test('a rejected token that was replaced in its file: the bulk is sent again', () => {
  let token = 'old';
  const rereadToken = () => {
    const isNew = token === 'old';
    token = 'new';
    return isNew;
  };
  const respond = (names: string[]) => processed(names.length, token === 'new' ? 0 : names.length);
  const { bulks, counters, left } = flush([hit('a'), hit('b')], respond, 60_000, rereadToken);
  expect(bulks).toHaveLength(2);
  expect({ left, ...counters }).toMatchObject({ left: 0, tracked: 2, invalid: 0 });
});
