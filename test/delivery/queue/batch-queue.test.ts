import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Batch } from '../../../src/delivery/queue/batch.js';
import { collectGarbage } from '../../support/kept-bytes.js';
import { queryOf } from '../../support/named-hits.js';
import { drain, FAILURE, hits, nameOfHit, namesOf, nextOf, queueOf } from './failing-queue.js';

test('a batch takes further hits from memory until it is full or sent', () => {
  const { queue, failing } = queueOf(3, 'c', 'x.bot');
  expect(failing.needsMore(true)).toBe(true);
  queue.add(hits('b'), false);
  queue.add(hits('s'), true); // of the spool
  expect(failing.needsMore(true)).toBe(false);
  expect(failing.needsMore(false)).toBe(true);
  queue.add(hits('a', 'd', 'e', 'f', 'y.bot'), false);
  expect(failing.needsMore(true)).toBe(false);
  const batch = nextOf(failing);
  expect(namesOf(batch)?.sort()).toEqual(['a', 'b', 'c']);
  failing.succeeded(batch as Batch);
  const last = nextOf(failing);
  queue.add(hits('g'), false);
  expect(namesOf(last)?.sort()).toEqual(['x.bot', 'y.bot']);
  expect(drain(failing).map((names) => names.sort())).toEqual([
    ['x.bot', 'y.bot'],
    ['s'],
    ['d', 'e', 'f'],
    ['g'],
  ]);
});

test('a batch that was sent does not stay in memory', async () => {
  const { queue, failing } = queueOf(2, 'a');
  const send = () => {
    const batch = nextOf(failing) as Batch;
    failing.succeeded(batch);
    return new WeakRef(batch);
  };
  const sent = send();
  await nextTurn();
  collectGarbage();
  expect(sent.deref()).toBeUndefined();
  expect(queue.total).toBe(0);
});

test.for(['a1', 'b1'])('no hit that is too old is left, such as %s', (old) => {
  const { queue, failing } = queueOf(2, 'a1', 'a2', 'b1', 'b2');
  const dropped = queue.dropHits((hit) => nameOfHit(hit) === old);
  expect(dropped).toMatchObject([{ isStored: false, hits: [{ query: queryOf(old) }] }]);
  expect(drain(failing).flat()).not.toContain(old);
});

test('a hit that becomes too old while others are dropped is dropped or left, and never forgotten', () => {
  const { queue } = queueOf(3, 'a1', 'a2', 'a3');
  const isDropped = [true, false, false];
  const dropped = queue.dropHits(() => isDropped.shift() ?? true);
  expect(dropped.flatMap((batch) => batch.hits).length + queue.total).toBe(3);
});

test('all batches are taken except the one in flight', () => {
  const { queue, failing } = queueOf(1, 'a.bot', 'b', 'c.bot', 'd', 'e');
  const inFlight = nextOf(failing);
  const taken: string[] = [];
  const take = () => queue.takeBatch(Number.POSITIVE_INFINITY);
  for (let some = take(); some.length > 0; some = take()) taken.push(...some.map(nameOfHit));
  expect(taken).toHaveLength(4);
  expect(taken).not.toContain(namesOf(inFlight)?.[0]);
  expect(queue.totalInMemory).toBe(1);
});

test('no batch is taken that needs more bytes than the spool has left', () => {
  const { queue } = queueOf(2, 'a', 'b');
  const needed = hits('a', 'b').reduce((sum, { query }) => sum + query.length, 0);
  expect(queue.takeBatch(needed)).toEqual([]);
  expect(queue.total).toBe(2);
  expect(queue.takeBatch(1000)).toHaveLength(2);
});

test('hits that may be stored count as resent when the spool gets them, which sends them again', () => {
  const { queue, failing } = queueOf(2, 'a', 'b', 'c');
  const batch = nextOf(failing) as Batch;
  batch.mayBeStored = true;
  failing.failed(batch, 0, FAILURE);
  while (queue.takeBatch(Number.POSITIVE_INFINITY).length > 0);
  expect(queue.resent).toBe(2);
});

test.each(['taken out before', 'never added'])('a batch that was %s takes out no other', (how) => {
  const { queue } = queueOf(1, 'a', 'b', 'c');
  const batch = how === 'never added' ? new Batch('page', false) : (queue.lists.unsent[1] as Batch);
  if (how !== 'never added') expect(queue.takeOut(batch)).toBe(true);
  const left = queue.lists.unsent.map(namesOf);
  expect(queue.takeOut(batch)).toBe(false);
  expect(queue.lists.unsent.map(namesOf)).toEqual(left);
});
