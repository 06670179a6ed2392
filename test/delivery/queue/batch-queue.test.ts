import { expect, test } from 'vitest';
import type { Batch, Failure } from '../../../src/delivery/queue/batch.js';
import { BatchQueue } from '../../../src/delivery/queue/batch-queue.js';
import type { Hit } from '../../../src/hit/hit.js';
import { kindOf, nameOf, queryOf } from '../../support/named-hits.js';

function hits(...names: string[]): Hit[] {
  return names.map((name, startSeconds) => ({
    site: 1,
    visitor: 'v',
    startSeconds,
    kind: name.startsWith('crash') ? 'crash' : kindOf(name),
    query: queryOf(name),
  }));
}

function queueOf(max: number, ...names: string[]): BatchQueue {
  const queue = new BatchQueue(max, () => 0);
  queue.add(hits(...names), false);
  return queue;
}

const nameOfHit = ({ query }: Hit) => nameOf(query);
const namesOf = (batch: Batch | undefined) => batch?.hits.map(nameOfHit);

const nextOf = (queue: BatchQueue, nowMillis = 0) =>
  queue.next({ nowMillis, withStored: true, isForced: false });

const FAILURE: Failure = { reason: { code: 'unavailable', reason: '' }, areInvalid: false };

/** Sends all batches as they come, and returns which hits were in them. */
function drain(queue: BatchQueue, isGood: (names: string[]) => boolean = () => true): string[][] {
  const bulks: string[][] = [];
  for (let batch = nextOf(queue); batch && bulks.length < 100; batch = nextOf(queue)) {
    const names = namesOf(batch) as string[];
    bulks.push(names);
    if (isGood(names)) queue.succeeded(batch);
    else queue.failed(batch, 0, FAILURE);
  }
  return bulks;
}

test('a batch takes further hits from memory until it is full or sent', () => {
  const queue = queueOf(3, 'c', 'x.bot');
  expect(queue.needsMore(true)).toBe(true);
  queue.add(hits('b'), false);
  queue.add(hits('s'), true); // of the spool
  queue.add(hits('a', 'd', 'e', 'f', 'y.bot'), false);
  expect(queue.needsMore(true)).toBe(false);
  const batch = nextOf(queue);
  expect(namesOf(batch)?.sort()).toEqual(['a', 'b', 'c']);
  queue.succeeded(batch as Batch);
  const last = nextOf(queue);
  queue.add(hits('g'), false);
  expect(namesOf(last)?.sort()).toEqual(['x.bot', 'y.bot']);
  expect(drain(queue).map((names) => names.sort())).toEqual([
    ['x.bot', 'y.bot'],
    ['s'],
    ['d', 'e', 'f'],
    ['g'],
  ]);
});

test('a batch that fails is sent again after the others, then in halves, and what fails alone is set aside', () => {
  const queue = queueOf(2, 'bad', 'a', 'b', 'c');
  const isGood = (names: string[]) => !names.includes('bad');
  expect(drain(queue, isGood)).toEqual([
    ['bad', 'a'],
    ['b', 'c'],
    ['bad', 'a'],
    ['bad'],
    ['a'],
    ['bad'],
  ]);
  expect([queue.total, queue.setAside]).toEqual([1, 1]);
});

test.for([
  ['a.bot', 'b'],
  ['a', 'b.bot'],
])('%s, which fails, holds %s back neither in the queue nor where it comes from', ([bad, good]) => {
  const queue = queueOf(1, bad as string);
  queue.failed(nextOf(queue) as Batch, 0, FAILURE);
  expect(queue.needsMore(true)).toBe(true);
  queue.add(hits(good as string), false);
  expect(queue.needsMore(true)).toBe(false);
  expect(namesOf(nextOf(queue))).toEqual([good]);
});

test('after a rejected token the others are sent first, and nothing is halved', () => {
  const queue = queueOf(2, 'a1', 'a2', 'b1', 'b2');
  const sent = Array.from({ length: 20 }, () => {
    const batch = nextOf(queue) as Batch;
    queue.refused(batch, FAILURE);
    return namesOf(batch)?.join();
  });
  expect(new Set(sent)).toEqual(new Set(['a1,a2', 'b1,b2']));
  expect(queue.needsMore(true)).toBe(true);
  queue.add(hits('c'), false);
  expect(namesOf(nextOf(queue))).toEqual(['c']);
});

test('while the server counts as unavailable, one hit is tried at a time, of all batches', () => {
  const queue = queueOf(4, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i');
  const bulks = drain(queue, () => false);
  const last = bulks.slice(20);
  expect(new Set(last.flat()).size).toBe(9);
  expect(queue.total).toBe(9);
});

test.for(['a1', 'b1'])('no hit that is too old is left, such as %s', (old) => {
  const queue = queueOf(2, 'a1', 'a2', 'b1', 'b2');
  const dropped = queue.dropHits((hit) => nameOfHit(hit) === old);
  expect(dropped).toMatchObject([{ isStored: false, hits: [{ query: queryOf(old) }] }]);
  expect(drain(queue).flat()).not.toContain(old);
});

test('a hit that becomes too old while others are dropped is dropped or left, and never forgotten', () => {
  const queue = queueOf(3, 'a1', 'a2', 'a3');
  const isDropped = [true, false, false];
  const dropped = queue.dropHits(() => isDropped.shift() ?? true);
  expect(dropped.flatMap((batch) => batch.hits).length + queue.total).toBe(3);
});

test('the oldest batch is taken first, except the one in flight, and crashes last', () => {
  const queue = queueOf(1, 'a.bot', 'b', 'c.bot', 'd', 'crash');
  const inFlight = nextOf(queue);
  const taken: string[] = [];
  const take = () => queue.takeBatch(Number.POSITIVE_INFINITY);
  for (let some = take(); some.length > 0; some = take()) taken.push(...some.map(nameOfHit));
  expect(taken.at(-1)).toBe('crash');
  expect(taken).toHaveLength(4);
  expect(taken).not.toContain(namesOf(inFlight)?.[0]);
  expect(queue.size).toBe(1);
});

test('hits that may be stored count as resent when the spool gets them, which sends them again', () => {
  const queue = queueOf(2, 'a', 'b', 'c');
  const batch = nextOf(queue) as Batch;
  batch.mayBeStored = true;
  queue.failed(batch, 0, FAILURE);
  while (queue.takeBatch(Number.POSITIVE_INFINITY).length > 0);
  expect(queue.resent).toBe(2);
});

test('the halves of a bulk that is too large go before what came in between', () => {
  const queue = queueOf(2, 'b.bot', 'c.bot');
  const first = nextOf(queue) as Batch;
  queue.add(hits('d', 'e'), false);
  queue.split(first);
  expect(drain(queue)).toEqual([['b.bot'], ['c.bot'], ['d', 'e']]);
});
