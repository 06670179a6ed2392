import { expect, test } from 'vitest';
import { type Batch, halve, restOf } from '../../../src/delivery/queue/batch.js';
import { BatchQueue } from '../../../src/delivery/queue/batch-queue.js';
import { encodeHits } from '../../../src/delivery/queue/encode-hits.js';
import { nameOf, queryOf } from '../../support/named-hits.js';

function hits(...names: string[]) {
  return encodeHits(
    names.map((name, startSeconds) => ({
      site: 1,
      visitor: 'v',
      startSeconds,
      kind: name.startsWith('crash') ? 'crash' : 'page',
      query: queryOf(name),
    })),
  );
}

function queueOf(max: number, ...names: string[]): BatchQueue {
  const queue = new BatchQueue(max);
  queue.add(hits(...names));
  return queue;
}

function namesOf({ hits: ofBatch }: Batch): string[] {
  return ofBatch.map(({ buffer, start, end }) => nameOf(buffer.toString('latin1', start, end)));
}

/** Decides about all batches as they come, and returns which hits were in them. */
function drain(queue: BatchQueue): string[][] {
  const bulks: string[][] = [];
  for (let batch = queue.first(); batch; batch = queue.first()) {
    bulks.push(namesOf(batch));
    queue.replaceFirst(batch, restOf(batch));
  }
  expect(queue.size).toBe(0);
  return bulks;
}

const failed = (batch: Batch): Batch => ({ ...batch, failures: 1, failedAs: 'rolled_back' });

test('AI chatbots and page views share no batch and take turns, in order each, and crashes come last', () => {
  const queue = queueOf(2, 'crash', 'a.bot', 'b', 'c.bot', 'd', 'e', 'f.bot', 'g', 'h');
  expect(drain(queue)).toEqual([
    ['b', 'd'],
    ['a.bot', 'c.bot'],
    ['e', 'g'],
    ['f.bot'],
    ['h'],
    ['crash'],
  ]);
});

test('a batch that merges newer hits stays within the maximum, and is sent after them if there is no room', () => {
  const queue = queueOf(3, 'a', 'b');
  queue.replaceFirst(queue.first() as Batch, [{ ...(queue.first() as Batch), mergesNewer: true }]);
  queue.add(hits('c'));
  expect(namesOf(queue.first() as Batch)).toEqual(['a', 'c', 'b']);
  queue.replaceFirst(queue.first() as Batch, [{ ...(queue.first() as Batch), mergesNewer: true }]);
  queue.add(hits('d', 'e'));
  expect(drain(queue)).toEqual([
    ['d', 'e'],
    ['a', 'c', 'b'],
  ]);
});

/** Rejects the batches that are sent next, as if the token were invalid. Returns their hits. */
function reject(queue: BatchQueue, attempts: number): string[][] {
  return Array.from({ length: attempts }, () => {
    const batch = queue.first() as Batch;
    queue.replaceFirst(batch, [{ ...batch, mergesNewer: true }]);
    return namesOf(batch);
  });
}

test('full batches that Matomo rejects are sent in turn, and newer hits before them', () => {
  const queue = queueOf(2, 'a1', 'a2', 'b1', 'b2');
  expect(reject(queue, 1)).toEqual([['a1', 'a2']]);
  expect(queue.takesMore).toBe(false);
  expect(reject(queue, 2)).toEqual([
    ['b1', 'b2'],
    ['a1', 'a2'],
  ]);
  expect(queue.takesMore).toBe(true);
  queue.add(hits('c1', 'c2'));
  expect(queue.takesMore).toBe(false);
  expect(drain(queue)).toEqual([
    ['c1', 'c2'],
    ['b1', 'b2'],
    ['a1', 'a2'],
  ]);
});

test('while Matomo rejects all hits, a limited number of batches is taken from the source', () => {
  const queue = queueOf(1, 'a');
  let taken = 1;
  for (; queue.takesMore || reject(queue, 1).length === 0 || queue.takesMore; taken++) {
    queue.add(hits('b'));
    expect(taken).toBeLessThan(1000);
  }
  expect(taken).toBe(100);
});

test.for(['a1', 'b1'])(
  'the batch that is sent next has no hit that is too old, such as %s',
  (old) => {
    const queue = queueOf(2, 'a1', 'a2', 'b1', 'b2');
    reject(queue, 2);
    const isFresh = (hit: Batch['hits'][number]) =>
      nameOf(hit.buffer.toString('latin1', hit.start, hit.end)) !== old;
    const expired = queue.expire(isFresh);
    const next = queue.first() as Batch;
    expect(namesOf(next)).not.toContain(old);
    expect(queue.first()).toBe(next);
    expect(queue.size + expired.length).toBe(4);
  },
);

test('a batch has no more hits than may be in a bulk, however many are added at once', () => {
  expect(drain(queueOf(3, 'a', 'b', 'c', 'd', 'e', 'f', 'g'))).toEqual([
    ['a', 'b', 'c'],
    ['d', 'e', 'f'],
    ['g'],
  ]);
});

test.for([
  ['a.bot', 'b'],
  ['a', 'b.bot'],
])('%s, which fails, holds %s back neither in the queue nor where it comes from', ([bad, good]) => {
  const queue = queueOf(100, bad as string, good as string);
  const order: string[] = [];
  for (let i = 0; i < 4; i++) {
    const batch = queue.first() as Batch;
    const [name] = namesOf(batch);
    order.push(name as string);
    queue.replaceFirst(batch, name === bad ? [failed(batch)] : []);
  }
  expect(order.filter((name) => name === good)).toEqual([good]);
  expect(queue.takesMore).toBe(true);
  queue.add(hits(good as string));
  expect(queue.takesMore).toBe(false);
});

test('page views alone are taken no sooner because one of their batches fails', () => {
  const queue = queueOf(100, 'a');
  const batch = queue.first() as Batch;
  queue.replaceFirst(batch, [failed(batch)]);
  expect(queue.takesMore).toBe(false);
});

test('hits that failed alone are tried again with their kind once something is decided', () => {
  const queue = queueOf(1, 'a.bot', 'b');
  const failedAlone = (batch: Batch) => ({ ...failed(batch), waitsForOthers: true });
  const page = queue.first() as Batch;
  queue.replaceFirst(page, [failedAlone(page)]);
  const chatbot = queue.first() as Batch;
  queue.replaceFirst(chatbot, [failedAlone(chatbot)]);
  expect(queue.retriedAlone).toBe(2);
  const restored = queue.first() as Batch;
  expect(namesOf(restored)).toEqual(['b']);
  queue.replaceFirst(restored, []);
  expect(queue.retriedAlone).toBe(0);
  expect(drain(queue)).toEqual([['a.bot']]);
});

test('of both kinds the oldest batch is returned first, except the one in flight, and crashes last', () => {
  const queue = queueOf(1, 'a.bot', 'b', 'c.bot', 'd', 'crash');
  const inFlight = queue.first();
  const taken: string[] = [];
  const take = () => queue.takeBatch(inFlight, Number.POSITIVE_INFINITY);
  for (let hits = take(); hits.length > 0; hits = take()) {
    taken.push(
      ...hits.map(({ buffer, start, end }) => nameOf(buffer.toString('latin1', start, end))),
    );
  }
  expect(taken).toEqual(['a.bot', 'c.bot', 'd', 'crash']);
  expect(queue.size).toBe(1);
});

test('the halves of a bulk go before hits of the other kind that came in between', () => {
  const queue = queueOf(2, 'a.bot');
  queue.replaceFirst(queue.first() as Batch, []); // page views are next
  queue.add(hits('b.bot', 'c.bot')); // but there are none
  const first = queue.first() as Batch;
  queue.add(hits('d', 'e'));
  queue.replaceFirst(first, halve(first) ?? [], true);
  expect(drain(queue)[0]).toEqual(['b.bot']);
});
