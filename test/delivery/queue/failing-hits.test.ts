import { expect, test } from 'vitest';
import type { Batch } from '../../../src/delivery/queue/batch.js';
import { SEND_MODES } from '../../../src/delivery/queue/failing-hits.js';
import { drain, FAILURE, hits, namesOf, nextOf, queueOf } from './failing-queue.js';

const INVALID = { ...FAILURE, areInvalid: true };

/** A bulk with a hit of such a name fails. */
const isGood = (names: readonly string[]) => !names.some((name) => name.startsWith('bad'));

test.for<[string, number, string, string]>([
  [
    'it is sent again after the others, then in halves, and what fails alone is set aside',
    2,
    'bad a b c',
    'bad,a b,c bad,a bad a bad',
  ],
  [
    'the other half is halved if the first one succeeds',
    4,
    'a b c bad',
    'a,b,c,bad a,b,c,bad a,b c bad',
  ],
  [
    'the other half is sent later if the first one fails',
    4,
    'bad a b c',
    'bad,a,b,c bad,a,b,c bad,a bad b,c bad a',
  ],
  [
    'it is halved at once if it is the third one in a row',
    2,
    'bad1 a bad2 b c bad3 d e',
    'bad1,a bad2,b c,bad3 c bad3 d,e bad1,a bad1 a bad1 bad2,b bad2 b bad2',
  ],
])('if a bulk fails, %s', ([, max, names, bulks]) => {
  const { queue, failing } = queueOf(max, ...names.split(' '));
  expect(drain(failing, isGood).map(String)).toEqual(bulks.split(' '));
  expect(queue.setAside).toBe(queue.total);
});

test.for([
  ['a.bot', 'b'],
  ['a', 'b.bot'],
])('%s, which fails, holds %s back neither in the queue nor where it comes from', ([bad, good]) => {
  const { queue, failing } = queueOf(1, bad as string);
  failing.failed(nextOf(failing) as Batch, 0, FAILURE);
  expect(failing.needsMore(true)).toBe(true);
  queue.add(hits(good as string), false);
  expect(failing.needsMore(true)).toBe(false);
  expect(namesOf(nextOf(failing))).toEqual([good]);
});

test('a hit that failed alone is sent by back-off if nothing else is queued, and every 30 s after successes', () => {
  const { queue, failing } = queueOf(1, 'bad');
  const secondsOfBad = (from: number, to: number, ...others: string[]) => {
    const seconds: number[] = [];
    for (let second = from; second < to; second++) {
      queue.add(hits(...others), false);
      const sent = drain(failing, isGood, second * 1000).flat();
      for (const name of sent) if (name === 'bad') seconds.push(second);
    }
    return seconds;
  };
  expect(secondsOfBad(0, 20)).toEqual([0, 1, 2, 4, 7, 11, 16]);
  expect(failing.isServerFailing).toBe(false);
  expect(secondsOfBad(20, 81, 'other')).toEqual([20, 50, 80]);
});

/** What is sent at which second. `other` is a new hit; `busy` is one while the server is unavailable; `expired` means that the bad one is dropped. */
type Step = `${number} ${'bad' | 'other' | 'busy' | 'expired'}`;

const FIRST: readonly Step[] = ['0 bad', '0 other', '1 bad', '1 other'];

test.for<[string, readonly Step[], boolean]>([
  ['three times', [...FIRST, '31 bad', '31 other', '61 bad', '61 other'], true],
  ['twice', [...FIRST, '61 bad', '61 other'], false],
  [
    'three times in less than a minute',
    [...FIRST, '2 bad', '2 other', '60 bad', '60 other'],
    false,
  ],
  [
    'three times, the third before a request that was not processed',
    [...FIRST, '31 bad', '31 other', '61 bad', '61 busy', '61 other'],
    false,
  ],
  [
    'three times, each in several attempts',
    [...FIRST, '31 bad', '32 bad', '32 other', '62 bad', '63 bad', '63 other'],
    true,
  ],
  [
    'three times, and expires',
    [...FIRST, '31 bad', '31 other', '61 bad', '61 expired', '61 other'],
    false,
  ],
])('a hit that fails alone between successes, %s', ([, steps, isRejected]) => {
  const { queue, failing } = queueOf(1, 'bad');
  failing.sendsAside = true;
  let cause: Batch | undefined;
  for (const step of steps) {
    const [second, name] = step.split(' ');
    const nowMillis = Number(second) * 1000;
    if (name === 'expired') {
      queue.dropHits(() => true);
      continue;
    }
    if (name !== 'bad' && queue.lists.unsent.length === 0) queue.add(hits('other'), false);
    const batch = nextOf(failing, nowMillis) as Batch;
    expect([step, namesOf(batch)]).toEqual([step, [name === 'busy' ? 'other' : name]]);
    if (name === 'bad') failing.failed(batch, nowMillis, FAILURE);
    else if (name === 'busy') failing.postponed();
    else cause = failing.succeeded(batch);
  }
  expect(namesOf(cause)).toEqual(isRejected ? ['bad'] : undefined);
  expect(queue.total).toBe(isRejected || steps.includes('61 expired') ? 0 : 1);
});

test.for<[string, readonly string[], string]>([
  ['a new one', ['new'], 'a,b,c,bad a,b,c,bad a,b aside new c bad'],
  [
    'what probably succeeds',
    [],
    'a,b,bad,c,d,e,f,g a,b,bad,c,d,e,f,g a,b,bad,c a,b aside d,e,f,g bad c',
  ],
])('in a search, a hit that is aside is sent after a success, and then %s', ([, others, bulks]) => {
  const { queue, failing } = queueOf(8, 'aside');
  failing.failed(nextOf(failing) as Batch, 0, FAILURE);
  const [bulk] = bulks.split(' ') as [string];
  queue.add(hits(...bulk.split(',')), false);
  const sent = drain(failing, (names) => {
    if (!names.includes('aside')) return isGood(names);
    queue.add(hits(...others), false);
    return false;
  });
  expect(sent.map(String).slice(0, bulks.split(' ').length)).toEqual(bulks.split(' '));
});

test('hits that are invalid together are sent after a success, then in halves', () => {
  const { queue, failing } = queueOf(2, 'a', 'b', 'bad1', 'bad2');
  failing.succeeded(nextOf(failing) as Batch);
  failing.failed(nextOf(failing) as Batch, 0, INVALID);
  expect(failing.dueMillis(true)).toBe(Number.POSITIVE_INFINITY);
  expect(nextOf(failing, 1e9)).toBeUndefined();
  queue.add(hits('c'), false);
  const sent = drain(failing, isGood).map(String);
  expect(sent).toEqual(['c', 'bad1,bad2']);
  expect(queue.setAside).toBe(2);
});

/** Ten hits that failed alone: from now on, the server counts as the cause. */
function afterTenFailures() {
  const { queue, failing } = queueOf(4);
  for (let i = 0; i < 10; i++) {
    queue.add(hits(`bad${i}`), true);
    expect(failing.isServerFailing).toBe(false);
    failing.failed(nextOf(failing) as Batch, 0, FAILURE);
  }
  return { queue, failing };
}

test('if the server is the cause, hits that are aside are sent in turn', () => {
  const { failing } = afterTenFailures();
  expect(failing.dueMillis(true)).toBe(Number.NEGATIVE_INFINITY);
  const sent = new Set<string>();
  for (let failures = 1; failures <= 10; failures++) {
    expect(failing.serverWaitMillis).toBe(failures * 1000);
    const batch = nextOf(failing) as Batch;
    for (const name of namesOf(batch) as string[]) sent.add(name);
    failing.failed(batch, 0, FAILURE);
  }
  expect(sent.size).toBe(10);
});

test('if the server is the cause, one hit at a time is sent, of the newest batch first, until one is processed', () => {
  const { queue, failing } = afterTenFailures();
  queue.add(hits('a', 'bad', 'b'), true);
  queue.add(hits('c', 'd', 'e', 'bad'), true);
  const sent = drain(failing, isGood).map(String);
  expect(sent.slice(0, 3)).toEqual(['bad', 'b', 'bad0']);
  expect(sent).toContain('c,d,e');
});

test('if the server is the cause, a batch is sent hit by hit before the next one', () => {
  const { queue, failing } = afterTenFailures();
  queue.add(hits('a1', 'a2', 'a3'), true);
  queue.add(hits('b1', 'b2', 'b3'), true);
  const sent = drain(failing, () => false).map(String);
  expect(sent.slice(0, 6)).toEqual(['b3', 'a3', 'a2', 'a1', 'b2', 'b1']);
});

test('if the server is the cause, every hit has its turn', () => {
  const { queue, failing } = queueOf(4, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i');
  const bulks = drain(failing, () => false);
  const last = bulks.slice(20);
  expect(new Set(last.flat()).size).toBe(9);
  expect(queue.total).toBe(9);
});

test('after a rejected token the others are sent first, and nothing is halved', () => {
  const { queue, failing } = queueOf(2, 'a1', 'a2', 'b1', 'b2');
  const sent = Array.from({ length: 20 }, () => {
    const batch = nextOf(failing) as Batch;
    failing.tokenRejected(batch, FAILURE);
    return namesOf(batch)?.join();
  });
  expect(new Set(sent)).toEqual(new Set(['a1,a2', 'b1,b2']));
  expect(failing.needsMore(true)).toBe(true);
  queue.add(hits('c'), false);
  const newest = nextOf(failing);
  expect(namesOf(newest)).toEqual(['c']);
  failing.succeeded(newest as Batch);
  queue.add(hits('d', 'e', 'f', 'g'), false);
  expect(failing.needsMore(true)).toBe(false);
  expect(namesOf(nextOf(failing))).toEqual(['d', 'e']);
});

test('after a rejected token the newest are sent first, except halves of a bulk that was too large', () => {
  const { queue, failing } = queueOf(2, 'a', 'b', 'c', 'd', 'e', 'f');
  failing.tokenRejected(nextOf(failing) as Batch, INVALID);
  expect(failing.needsMore(true)).toBe(true);
  failing.split(nextOf(failing) as Batch);
  expect(
    Array.from({ length: 4 }, () => {
      const batch = nextOf(failing) as Batch;
      failing.tokenRejected(batch, INVALID);
      return namesOf(batch)?.join();
    }),
  ).toEqual(['e', 'f', 'c,d', 'a,b']);
  expect(queue.lists.aside).toHaveLength(4);
});

test('after a rejected token a hit that is aside stays there', () => {
  const { queue, failing } = queueOf(1, 'bad');
  failing.failed(nextOf(failing) as Batch, 0, FAILURE);
  failing.tokenRejected(nextOf(failing, 1000) as Batch, FAILURE);
  expect(queue.setAside).toBe(1);
});

test('the halves of a bulk that is too large go before what came in between', () => {
  const { queue, failing } = queueOf(2, 'b.bot', 'c.bot');
  const first = nextOf(failing) as Batch;
  queue.add(hits('d', 'e'), false);
  failing.split(first);
  expect(drain(failing)).toEqual([['b.bot'], ['c.bot'], ['d', 'e']]);
});

test('at the end of a process, a bulk that fails is sent once more in halves', () => {
  const { queue, failing } = queueOf(4, 'a', 'b', 'bad', 'c');
  failing.begin(SEND_MODES.shutdown);
  expect(drain(failing, isGood).map(String)).toEqual(['a,b,bad,c', 'a,b', 'bad,c']);
  expect(queue.total).toBe(0);
});

test('at the end of a process, halves of a bulk that was too large are bulks like others', () => {
  const { queue, failing } = queueOf(4, 'a', 'b', 'bad', 'c');
  failing.begin(SEND_MODES.shutdown);
  failing.split(nextOf(failing) as Batch);
  expect(drain(failing, isGood).map(String)).toEqual(['a,b', 'bad,c', 'bad', 'c']);
  expect(queue.total).toBe(0);
});

test('hits in the spool are sent only if they may be', () => {
  const { queue, failing } = queueOf(1);
  queue.add(hits('a'), true);
  expect(failing.needsMore(false)).toBe(true);
  expect(failing.dueMillis(false)).toBe(Number.POSITIVE_INFINITY);
  expect(failing.next(0, false)).toBeUndefined();
  expect(namesOf(nextOf(failing))).toEqual(['a']);
});
