import { expect, test } from 'vitest';
import { type Answer, openSender, type TextHit } from '../doors/send.js';
import {
  bulks,
  counters,
  gaps,
  HANGING,
  HOUR,
  hit,
  MINUTE,
  NO_ANSWER,
  NOT_SENT,
  namesOf,
  openFour,
  putAll,
  ROLLED_BACK,
  SECOND,
  text,
  tracked,
  UNAVAILABLE,
} from './support.js';

/** A hit that has 100,000 bytes. */
function largeHit(name: string, overrides: Partial<TextHit> = {}): TextHit {
  const { query, ...others } = hit(name, overrides);
  return { ...others, query: query.padEnd(100_000, 'x') };
}

/** A wait is never shorter; a timer may be a little longer. */
function expectWaits(waits: readonly number[], expected: readonly number[]): void {
  for (const [i, millis] of expected.entries()) {
    expect(waits[i], `wait ${i + 1} of ${waits}`).toBeGreaterThanOrEqual(millis);
    expect(waits[i], `wait ${i + 1} of ${waits}`).toBeLessThan(millis + 100);
  }
}

/** Returns what says whether it has been resolved. */
function watch(promise: Promise<unknown>): () => boolean {
  let isResolved = false;
  void promise.then(() => {
    isResolved = true;
  });
  return () => isResolved;
}

/** `random`: of 1, a wait is the longest one. */
test.each<[string, Answer, random: number, number[]]>([
  ['no connection', NOT_SENT, 1, [1, 2, 4, 8, 16, 32, 60, 60]],
  ['503', UNAVAILABLE, 0.5, [0.75, 1.5, 3, 6, 12, 24, 45, 45]],
  ['no answer', NO_ANSWER, 0, [0.5, 1, 2]],
  ['401', text(401), 1, [1, 2, 4, 8, 10, 10]],
  ['a redirect', text(302), 0.5, [0.75, 1.5, 3, 6]],
])(
  'after %s, each wait is twice as long, up to a limit',
  async (_name, answer, random, seconds) => {
    const options = { maxExportBatchSize: 1 };
    const sender = openSender({ options, answers: answer, random: () => random });
    putAll(sender, namesOf('a', 20));
    await sender.advance(20 * MINUTE);
    expectWaits(
      gaps(sender),
      seconds.map((wait) => wait * SECOND),
    );
  },
);

test('waits begin anew after a success', async () => {
  const sender = openFour([UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, tracked, UNAVAILABLE, tracked]);
  putAll(sender, 'abcdefgh');
  await sender.advance(MINUTE);
  expect(bulks(sender)).toEqual(['abcd', 'abcd', 'abcd', 'abcd', 'efgh', 'efgh']);
  expectWaits(gaps(sender), [SECOND, 2 * SECOND, 4 * SECOND, 0, SECOND]);
  expect(sender.codes()).toHaveLength(2); // the second outage is within the minute
});

test.each<[string, number]>([
  [' 30 ', 30],
  ['0', 1],
  ['100000', 3600],
  ['7.5', 1],
  ['Fri, 20 Nov 2026 12:02:00 GMT', 1], // clocks of two machines would have to agree on it
])('Retry-After: %j', async (retryAfter, seconds) => {
  const sender = openFour([{ ...UNAVAILABLE, retryAfter }, tracked]);
  putAll(sender, 'abcd');
  await sender.advance(2 * HOUR);
  expectWaits(gaps(sender), [seconds * SECOND]);
  expect(sender.counts()).toMatchObject({ pending: 0, tracked: 4 });
});

test.each([-HOUR, HOUR, -40 * 24 * HOUR])(
  'a wall clock that steps by %d ms changes neither the delay nor a wait',
  async (step) => {
    const sender = openFour([UNAVAILABLE, tracked], { options: { tokenAuth: 't' } });
    putAll(sender, 'a');
    await sender.advance(SECOND);
    sender.stepWallClock(step);
    await sender.advance(3_900);
    expect(bulks(sender)).toEqual([]);
    await sender.advance(200);
    expect(bulks(sender)).toEqual(['a']);
    sender.stepWallClock(step);
    await sender.advance(800);
    expect(bulks(sender)).toEqual(['a']);
    await sender.advance(300);
    expect(sender.counts()).toMatchObject({ tracked: 1, pending: 0 });
  },
);

test('a full bulk is sent at once, and others after scheduledDelayMillis', async () => {
  const sender = openFour(tracked, { options: { scheduledDelayMillis: 3_000 } });
  putAll(sender, 'abcdef');
  await sender.advance(2_900);
  putAll(sender, 'g');
  expect(bulks(sender)).toEqual(['abcd']);
  await sender.advance(200);
  expect(bulks(sender)).toEqual(['abcd', 'efg']);
});

test('in a pause, no bulk is begun, also if others are being sent', async () => {
  const sender = openFour(({ names }) => ({ ...counters(names.length), takesMillis: 100 }));
  putAll(sender, namesOf('a', 40));
  await sender.advance(50);
  sender.pause(SECOND);
  await sender.advance(900);
  expect(sender.sent()).toHaveLength(1);
  await sender.advance(2 * SECOND);
  expect(sender.counts()).toMatchObject({ pending: 0, tracked: 40 });
});

test('a body stays below the megabyte that nginx takes, with as many hits as fit', async () => {
  const tokenAuth = 't'.repeat(1000);
  const options = { maxQueueSize: 40_000, maxExportBatchSize: 20_000, tokenAuth };
  const sender = openSender({ options, answers: tracked });
  for (const name of namesOf('a', 20_000))
    sender.put(hit(name, { query: `?h=${name}`.padEnd(100, 'x') }));
  await sender.advance(10 * SECOND);
  expect(sender.counts()).toMatchObject({ tracked: 20_000 });
  const [first, ...others] = sender.requests().map(({ bytes }) => bytes);
  expect(first).toBeGreaterThan(950_000);
  for (const bytes of [first, ...others]) expect(bytes).toBeLessThan(1_000_000);
});

test('a hit that is larger than a body is sent alone', async () => {
  const sender = openFour(tracked);
  const [a, b, c] = [hit('a'), hit('b'), hit('c')];
  for (const each of [a, { ...b, query: b.query.padEnd(1_200_000, 'x') }, c]) sender.put(each);
  await sender.advance(10 * SECOND);
  expect(sender.sent()).toContainEqual([expect.stringContaining('b')]);
  expect(sender.counts()).toMatchObject({ tracked: 3 });
});

test('whatever the order in which hits were put, a bulk is ordered by visitor, then time', async () => {
  const sender = openSender({ answers: tracked });
  const now = Date.now() / 1000;
  for (const [name, visitor, age] of [
    ['h', 'é', 0],
    ['c', 'aaaa', 1],
    ['g', 'b', 3],
    ['d', 'aaaa', 1],
    ['f', 'aaaa2', 2],
    ['b', 'aaaa', 9],
    ['e', 'aaaa1', 1],
    ['a', '', 0],
  ] as const)
    sender.put(hit(name, { visitor, startSeconds: now - age }));
  await sender.advance(10 * SECOND);
  expect(bulks(sender)).toEqual(['abcdefgh']);
});

test('halves of a bulk are of different visitors if possible', async () => {
  const sender = openSender({ answers: [text(413), tracked] });
  for (const [visitor, names] of [
    ['u', 'abc'],
    ['v', 'defghi'],
    ['w', 'j'],
  ] as const)
    putAll(sender, names, { visitor });
  await sender.advance(10 * SECOND);
  expect(bulks(sender)).toEqual(['abcdefghij', 'abc', 'defghij']);
});

test('page views and hits for AI chatbot reports never share a bulk, and both are sent', async () => {
  const sender = openFour([UNAVAILABLE, ROLLED_BACK, ROLLED_BACK, tracked]);
  putAll(sender, ['a', '1', 'b', '2', 'c', '3', 'd', '4', 'e', '5']);
  await sender.advance(5 * MINUTE);
  for (const names of sender.sent()) {
    const chatbots = names.filter((name) => /^\d/.test(name)).length;
    expect([0, names.length]).toContain(chatbots);
  }
  expect(sender.counts()).toMatchObject({ pending: 0, tracked: 10 });
});

test.each([
  [100, 10],
  [1000, 33],
])(
  'a queue of %d hits is full with %d large ones, until they are tracked',
  async (maxQueueSize, fit) => {
    const sender = openSender({ options: { maxQueueSize }, answers: [UNAVAILABLE, tracked] });
    for (let i = 1; i <= 2; i++) {
      for (const name of namesOf('a', fit + 4)) sender.put(largeHit(name));
      expect(sender.counts()).toMatchObject({ pending: fit, lost: { queue_full: 4 * i } });
      await sender.advance(20 * SECOND);
      expect(sender.counts()).toMatchObject({ pending: 0, tracked: fit * i });
    }
  },
);

test('what a spool gives back while the queue is full is lost, with a line', () => {
  const sender = openFour(tracked, { options: { maxQueueSize: 4 } });
  putAll(sender, 'abc');
  sender.giveBack([hit('d'), hit('e')]);
  expect(sender.counts()).toMatchObject({ pending: 3, lost: { queue_full: 2 } });
  expect(sender.codes()).toEqual(['queue-full']);
});

/** Matomo takes hits of a day; ten minutes are left for their way. */
const TOO_OLD = 24 * HOUR - 10 * MINUTE;

test.each<[string, string | undefined, number, boolean]>([
  ['a day minus ten minutes', undefined, TOO_OLD + SECOND, true],
  ['a little less', undefined, TOO_OLD - 10 * SECOND, false],
  ['with a token, twenty days', 't', 20 * 24 * HOUR, false],
])('a hit that is too old is lost as expired: %s', async (_name, tokenAuth, age, isExpired) => {
  const sender = openFour(tracked, { options: { tokenAuth } });
  putAll(sender, 'ac', { startSeconds: (Date.now() - age) / 1000 });
  putAll(sender, 'b');
  await sender.advance(6 * SECOND);
  expect(bulks(sender)).toEqual([isExpired ? 'b' : 'acb']);
  expect(sender.counts()).toMatchObject({ pending: 0, lost: { expired: isExpired ? 2 : 0 } });
  expect(sender.codes()).toEqual(isExpired ? ['expired'] : []);
});

test('a flush sends at once what waits for the delay', async () => {
  const sender = openFour(tracked);
  putAll(sender, 'abcdef');
  const flushed = sender.flush();
  await sender.advance(50);
  await flushed;
  expect(bulks(sender)).toEqual(['abcd', 'ef']);
});

test('a flush during a back-off makes one attempt, which sends everything if it succeeds', async () => {
  let isDown = true;
  const sender = openFour((request) => (isDown ? UNAVAILABLE : tracked(request)));
  putAll(sender, 'abcdefghij');
  const flush = async () => {
    await sender.advance(20 * SECOND);
    const before = sender.sent().length;
    const flushed = sender.flush();
    await sender.advance(50);
    await flushed;
    return bulks(sender).slice(before);
  };
  expect(await flush()).toEqual(['abcd']);
  isDown = false;
  expect(await flush()).toEqual(['abcd', 'efgh', 'ij']);
});

test.each([
  [30_000, 5_000],
  [1_000, 1_000],
])(
  'with a time-out of %d ms, a flush resolves after %d ms if Matomo does not answer, and the request goes on',
  async (exportTimeoutMillis, limit) => {
    const answer = { ...counters(1), takesMillis: Math.min(6_000, exportTimeoutMillis) };
    const sender = openFour(answer, { options: { exportTimeoutMillis } });
    putAll(sender, 'a');
    const isResolved = watch(sender.flush());
    await sender.advance(limit - 100);
    expect(isResolved()).toBe(false);
    await sender.advance(200);
    expect(isResolved()).toBe(true);
    await sender.advance(10 * SECOND);
    expect(sender.counts()).toMatchObject({ tracked: 1 });
  },
);

test('what a flush could not send is sent again by back-off, however long the delay is', async () => {
  const options = { scheduledDelayMillis: HOUR };
  const sender = openFour([UNAVAILABLE, UNAVAILABLE, tracked], { options });
  putAll(sender, 'ab');
  await sender.flush();
  await sender.advance(10 * SECOND);
  expect(bulks(sender)).toEqual(['ab', 'ab', 'ab']);
});

test('hits that come during a flush are sent by the next one, for which all calls wait', async () => {
  const sender = openFour(({ names }) => ({ ...counters(names.length), takesMillis: 100 }));
  putAll(sender, 'abcd');
  const ended: string[] = [];
  void sender.flush().then(() => ended.push('first'));
  await sender.advance(50);
  putAll(sender, 'ef');
  void sender.flush().then(() => ended.push('second'));
  void sender.flush().then(() => ended.push('third'));
  await sender.advance(500);
  expect(ended).toEqual(['first', 'second', 'third']);
  expect(bulks(sender)).toEqual(['abcd', 'ef']);
});

test('a shutdown sends what is pending, and what comes later is lost', async () => {
  const sender = openFour(tracked);
  putAll(sender, 'abcdef');
  const ended = Promise.all([sender.shutdown(SECOND), sender.shutdown(SECOND)]);
  await sender.advance(100);
  await ended;
  expect(bulks(sender)).toEqual(['abcd', 'ef']);
  expect(sender.codes()).toEqual([]);
  putAll(sender, 'gh');
  await sender.flush();
  await sender.advance(MINUTE);
  expect(sender.counts()).toMatchObject({ pending: 0, tracked: 6, lost: { shutdown: 2 } });
  expect(bulks(sender)).toHaveLength(2);
  expect(sender.codes()).toEqual(['lost-at-shutdown']);
});

test('a shutdown ends at its deadline: what was in flight is unconfirmed, what waited is lost', async () => {
  const sender = openFour(HANGING);
  putAll(sender, 'abcdef');
  const isEnded = watch(sender.shutdown(3 * SECOND));
  await sender.advance(2_900);
  expect(isEnded()).toBe(false);
  await sender.advance(200);
  expect(isEnded()).toBe(true);
  expect(bulks(sender)).toEqual(['abcd']);
  expect(sender.counts()).toMatchObject({ pending: 0, lost: { unconfirmed: 4, shutdown: 2 } });
  expect(sender.codes()).toContain('lost-at-shutdown');
  await sender.advance(HOUR);
  expect(bulks(sender)).toEqual(['abcd']);
});

test('with resendUnconfirmed, what was in flight at the deadline of a shutdown is lost as shutdown', async () => {
  const sender = openFour(HANGING, { options: { resendUnconfirmed: true } });
  putAll(sender, 'abcdef');
  void sender.shutdown(SECOND);
  await sender.advance(2 * SECOND);
  expect(sender.counts()).toMatchObject({ pending: 0, lost: { unconfirmed: 0, shutdown: 6 } });
});

test('a shutdown during a back-off makes one attempt, and what is left is lost', async () => {
  const sender = openFour(UNAVAILABLE);
  putAll(sender, 'abcdef');
  await sender.advance(20 * SECOND);
  const before = sender.sent().length;
  void sender.shutdown(10 * SECOND);
  await sender.advance(100);
  expect(sender.sent()).toHaveLength(before + 1);
  expect(sender.counts()).toMatchObject({ pending: 0, lost: { shutdown: 6 } });
  expect(sender.codes()).toContain('lost-at-shutdown');
});

test('the age of the oldest pending hit', async () => {
  const sender = openFour([tracked, { ...UNAVAILABLE, retryAfter: '60' }, tracked]);
  expect(sender.oldestAge()).toBe(0);
  await sender.advance(10 * SECOND);
  putAll(sender, 'abcd');
  await sender.advance(SECOND);
  expect(sender.oldestAge()).toBe(0);
  putAll(sender, 'ef');
  await sender.advance(3 * SECOND);
  expect(sender.oldestAge()).toBeCloseTo(3, 0);
  await sender.advance(30 * SECOND);
  expect(sender.oldestAge()).toBeCloseTo(33, 0);
  await sender.advance(MINUTE);
  expect(sender.oldestAge()).toBe(0);
});
