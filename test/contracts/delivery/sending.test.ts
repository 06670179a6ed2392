import { expect, test } from 'vitest';
import { seededRandom } from '../../support/seed.js';
import { type Answer, openSender, type TextHit } from '../doors/send.js';
import {
  allInvalid,
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
  sizes,
  text,
  total,
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

test.each<[string, Answer, number[]]>([
  ['no connection', NOT_SENT, [1, 2, 4, 8, 16, 32, 60, 60]],
  ['503', UNAVAILABLE, [1, 2, 4, 8, 16, 32, 60, 60]],
  ['no answer', NO_ANSWER, [1, 2, 4, 8, 16, 32, 60, 60]],
  ['401', text(401), [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]],
  ['a redirect', text(302), [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]],
])('after %s, each wait is twice as long, up to a limit', async (_name, answer, seconds) => {
  const sender = openSender({ options: { maxExportBatchSize: 1 }, answers: answer });
  putAll(sender, namesOf('a', 20));
  await sender.advance(HOUR);
  expectWaits(
    gaps(sender),
    seconds.map((wait) => wait * SECOND),
  );
});

test.each<[string, Answer, number, number[]]>([
  ['503', UNAVAILABLE, 0.5, [0.5, 1, 2, 4, 8, 16, 30, 30]],
  ['503', UNAVAILABLE, 0, [0.1, 0.1, 0.1]],
  ['401', text(401), 0.5, [1.5, 3, 6, 12]],
  ['401', text(401), 0, [1, 2, 4, 8]],
])(
  'jitter: after %s and with %d of 1, waits are shorter',
  async (_name, answer, jitter, seconds) => {
    const sender = openFour(answer, { random: () => jitter });
    putAll(sender, 'abcd');
    await sender.advance(5 * MINUTE);
    expectWaits(
      gaps(sender),
      seconds.map((wait) => wait * SECOND),
    );
  },
);

test('waits begin anew after a success', async () => {
  const answers = [UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, tracked, UNAVAILABLE, tracked];
  const sender = openFour(answers);
  putAll(sender, 'abcdefgh');
  await sender.advance(MINUTE);
  expect(bulks(sender)).toEqual(['abcd', 'abcd', 'abcd', 'abcd', 'efgh', 'efgh']);
  expectWaits(gaps(sender), [SECOND, 2 * SECOND, 4 * SECOND, 0, SECOND]);
  expect(sender.codes()).toHaveLength(2); // the second outage is within the minute
});

test('hits that come during an outage wait for its end, and are sent in full bulks', async () => {
  const sender = openFour([UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, tracked]);
  for (const name of 'abcdefghijkl') {
    putAll(sender, name);
    await sender.advance(100);
  }
  await sender.advance(10 * SECOND);
  expect(bulks(sender)).toEqual(['abcd', 'abcd', 'abcd', 'abcd', 'efgh', 'ijkl']);
});

test.each<[string, string | undefined, number]>([
  ['seconds', '30', 30],
  ['seconds with spaces', ' 30 ', 30],
  ['less than the back-off', '0', 1],
  ['more than an hour', '100000', 3600],
  ['a negative number', '-5', 1],
  ['a fraction', '7.5', 1],
  ['a word', 'soon', 1],
  ['an empty text', '', 1],
  ['nothing', undefined, 1],
  [
    'a date, which clocks of two machines would have to agree on',
    'Fri, 20 Nov 2026 12:02:00 GMT',
    1,
  ],
])('Retry-After: %s', async (_name, retryAfter, seconds) => {
  const answer = retryAfter === undefined ? UNAVAILABLE : { ...UNAVAILABLE, retryAfter };
  const sender = openFour([answer, tracked]);
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

test.each([100, 1_000, 5_000])(
  'hits that fill no bulk wait for scheduledDelayMillis: %d',
  async (scheduledDelayMillis) => {
    const sender = openFour(tracked, { options: { scheduledDelayMillis } });
    putAll(sender, 'a');
    await sender.advance(scheduledDelayMillis - 50);
    putAll(sender, 'b');
    expect(bulks(sender)).toEqual([]);
    await sender.advance(100);
    expect(bulks(sender)).toEqual(['ab']);
    await sender.advance(MINUTE);
    expect(bulks(sender)).toEqual(['ab']);
    putAll(sender, 'c');
    await sender.advance(scheduledDelayMillis - 50);
    expect(bulks(sender)).toEqual(['ab']);
    await sender.advance(100);
    expect(bulks(sender)).toEqual(['ab', 'c']);
  },
);

test('a full bulk is sent at once, and the rest after the delay', async () => {
  const sender = openFour(tracked);
  putAll(sender, 'abc');
  await sender.advance(SECOND);
  expect(bulks(sender)).toEqual([]);
  putAll(sender, 'def');
  await sender.advance(50);
  expect(bulks(sender)).toEqual(['abcd']);
  await sender.advance(4_900);
  expect(bulks(sender)).toEqual(['abcd']);
  await sender.advance(100);
  expect(bulks(sender)).toEqual(['abcd', 'ef']);
});

test('one request is in flight at a time, however many hits wait', async () => {
  const sender = openFour(({ names }) => ({ ...counters(names.length), takesMillis: SECOND }));
  putAll(sender, namesOf('a', 40));
  void sender.flush();
  await sender.advance(5_500);
  putAll(sender, namesOf('b', 40));
  void sender.flush();
  await sender.advance(MINUTE);
  expect(sender.mostInFlight).toBe(1);
  expect(sender.counts()).toMatchObject({ tracked: 80 });
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

test('a bulk has at most maxExportBatchSize hits', async () => {
  const sender = openSender({ options: { maxExportBatchSize: 7 }, answers: tracked });
  putAll(sender, namesOf('a', 50));
  await sender.advance(10 * SECOND);
  expect(sizes(sender)).toEqual([7, 7, 7, 7, 7, 7, 7, 1]);
  const usual = openSender({ answers: tracked });
  putAll(usual, namesOf('a', 250));
  await usual.advance(10 * SECOND);
  expect(sizes(usual)).toEqual([100, 100, 50]);
});

test('a body stays below the megabyte that nginx takes, with as many hits as fit', async () => {
  const sender = openSender({ options: { tokenAuth: 't'.repeat(1000) }, answers: tracked });
  for (const name of namesOf('a', 30)) sender.put(largeHit(name));
  await sender.advance(10 * SECOND);
  expect(sizes(sender)).toEqual([9, 9, 9, 3]);
  for (const { bytes } of sender.requests()) expect(bytes).toBeLessThan(1_000_000);
});

test('a body of very many small hits stays below it, too', async () => {
  const options = { maxQueueSize: 40_000, maxExportBatchSize: 20_000 };
  const sender = openSender({ options, answers: tracked });
  for (const name of namesOf('a', 20_000)) {
    const { query, ...others } = hit(name);
    sender.put({ ...others, query: query.padEnd(100, 'x') });
  }
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
  const random = seededRandom();
  const sender = openSender({ options: { scheduledDelayMillis: 100 }, answers: tracked });
  const expected: string[][] = [];
  for (let bulk = 0; bulk < 50; bulk++) {
    const now = Date.now() / 1000;
    const hits = namesOf(`a${bulk}-`, 2 + (bulk % 5)).map((name) => {
      const visitor = ['aaaa1', 'aaaa2', 'b', 'aaaa', '', 'é'][Math.floor(random() * 6)] as string;
      return hit(name, { visitor, startSeconds: now - random() * 100 });
    });
    for (const each of hits) sender.put(each);
    await sender.advance(150);
    hits.sort((a, b) => {
      if (a.visitor !== b.visitor) return a.visitor < b.visitor ? -1 : 1;
      return a.startSeconds - b.startSeconds;
    });
    expected.push(hits.map(({ query }) => /^\?h=([^&]*)/.exec(query)?.[1] as string));
  }
  expect(sender.sent()).toEqual(expected);
});

test('hits of one visitor that begin at the same time stay in the order in which they were put', async () => {
  const sender = openSender({ answers: tracked });
  putAll(sender, 'bacd', { startSeconds: Date.now() / 1000 });
  await sender.advance(10 * SECOND);
  expect(bulks(sender)).toEqual(['bacd']);
});

test('halves of a bulk are of different visitors if possible', async () => {
  const sender = openSender({
    options: { maxExportBatchSize: 10 },
    answers: [text(413), tracked],
  });
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

test.each([1, 10, 100])('a queue of %d hits takes no more; the newest are lost', async (size) => {
  const sender = openSender({
    options: { maxQueueSize: size, maxExportBatchSize: Math.max(1, size / 2) },
    answers: [{ ...UNAVAILABLE, retryAfter: '60' }, tracked],
  });
  putAll(sender, namesOf('a', size));
  await sender.advance(10 * SECOND);
  expect(sender.counts()).toMatchObject({ pending: size, lost: { queue_full: 0 } });
  putAll(sender, namesOf('b', 3));
  await sender.advance(10 * SECOND);
  expect(sender.counts()).toMatchObject({ pending: size, lost: { queue_full: 3 } });
  expect(sender.codes()).toContain('queue-full');
  await sender.advance(2 * MINUTE);
  putAll(sender, ['c']);
  await sender.advance(10 * SECOND);
  expect(sender.counts()).toMatchObject({ pending: 0, tracked: size + 1, lost: { queue_full: 3 } });
  expect(sender.sent().flat()).not.toContain('b1');
});

test.each([
  [100, 10],
  [1000, 33],
])('a queue of %d hits is full with %d large ones', async (maxQueueSize, fit) => {
  const sender = openSender({ options: { maxQueueSize }, answers: UNAVAILABLE });
  for (const name of namesOf('a', fit)) sender.put(largeHit(name));
  expect(sender.counts().lost.queue_full).toBe(0);
  for (const name of namesOf('b', 4)) sender.put(largeHit(name));
  expect(sender.counts()).toMatchObject({ pending: fit, lost: { queue_full: 4 } });
  await sender.advance(10 * SECOND); // most were sent once, and are pending
  sender.put(largeHit('c'));
  expect(sender.counts()).toMatchObject({ pending: fit, lost: { queue_full: 5 } });
});

test('room is available again after hits were tracked, in hits and in bytes', async () => {
  const sender = openSender({ options: { maxQueueSize: 100 }, answers: tracked });
  for (let i = 0; i < 10; i++) {
    for (const name of namesOf('a', 10)) sender.put(largeHit(name));
    await sender.advance(10 * SECOND);
  }
  expect(sender.counts()).toMatchObject({ pending: 0, tracked: 100, lost: { queue_full: 0 } });
});

test('one line a minute says how many hits a full queue has lost', async () => {
  const sender = openSender({ options: { maxQueueSize: 10 }, answers: UNAVAILABLE });
  putAll(sender, namesOf('a', 10));
  for (let i = 0; i < 600; i++) {
    putAll(sender, namesOf('b', 2));
    await sender.advance(500);
  }
  expect(sender.counts()).toMatchObject({ lost: { queue_full: 1200 } });
  const lines = sender.codes().filter((code) => code === 'queue-full').length;
  expect(lines).toBeGreaterThanOrEqual(4);
  expect(lines).toBeLessThanOrEqual(6);
});

test('a full queue is logged soon, also while a request is in flight', async () => {
  const sender = openSender({
    options: { maxQueueSize: 4, maxExportBatchSize: 2 },
    answers: HANGING,
  });
  putAll(sender, 'abcdef');
  await sender.advance(2 * SECOND);
  expect(sender.codes()).toEqual(['queue-full']);
});

const DAY = 24 * HOUR;
const TEN_MINUTES = 10 * MINUTE;

test.each<[string, string | undefined, number, boolean]>([
  ['without a token, a day minus ten minutes', undefined, DAY - TEN_MINUTES + SECOND, true],
  ['without a token, a little less', undefined, DAY - TEN_MINUTES - 10 * SECOND, false],
  ['with a token, two days', 't', 2 * DAY, false],
])('a hit that is too old is lost as expired: %s', async (_name, tokenAuth, age, isExpired) => {
  const sender = openFour(tracked, { options: { tokenAuth } });
  putAll(sender, 'ac', { startSeconds: (Date.now() - age) / 1000 });
  putAll(sender, 'b');
  await sender.advance(6 * SECOND);
  expect(bulks(sender)).toEqual([isExpired ? 'b' : 'acb']);
  expect(sender.counts()).toMatchObject({ pending: 0, lost: { expired: isExpired ? 2 : 0 } });
  expect(sender.codes()).toEqual(isExpired ? ['expired'] : []);
});

test('hits expire while nothing can be sent', async () => {
  const sender = openFour({ ...UNAVAILABLE, retryAfter: '3600' });
  putAll(sender, 'abcdef');
  await sender.advance(12 * HOUR);
  putAll(sender, 'gh');
  expect(sender.counts()).toMatchObject({ pending: 8, lost: { expired: 0 } });
  await sender.advance(12 * HOUR);
  expect(sender.counts()).toMatchObject({ pending: 2, lost: { expired: 6 } });
  expect(total(sender)).toBe(8);
});

test('a wall clock that is set ahead makes hits expire; one that is set back does not', async () => {
  const sender = openFour([UNAVAILABLE, tracked]);
  putAll(sender, 'ab');
  sender.stepWallClock(-30 * DAY);
  await sender.advance(MINUTE);
  expect(sender.counts()).toMatchObject({ tracked: 2 });
  putAll(sender, 'cd');
  sender.stepWallClock(2 * DAY);
  await sender.advance(MINUTE);
  expect(sender.counts()).toMatchObject({ pending: 0, tracked: 2, lost: { expired: 2 } });
});

test('a flush sends at once what waits for the delay', async () => {
  const sender = openFour(tracked);
  putAll(sender, 'abcdef');
  const flushed = sender.flush();
  await sender.advance(50);
  await flushed;
  expect(bulks(sender)).toEqual(['abcd', 'ef']);
  await sender.flush();
  expect(bulks(sender)).toHaveLength(2);
});

test.each([UNAVAILABLE, NOT_SENT, text(401)])(
  'a flush during a back-off makes one attempt: %o',
  async (answer) => {
    const sender = openFour(answer);
    putAll(sender, 'abcdefgh');
    await sender.advance(20 * SECOND);
    const before = sender.sent().length;
    const flushed = sender.flush();
    await sender.advance(50);
    await flushed;
    expect(sender.sent()).toHaveLength(before + 1);
    expect(sender.counts()).toMatchObject({ pending: 8 });
  },
);

test('a flush that finds Matomo available sends everything, whatever the back-off is', async () => {
  let isDown = true;
  const sender = openFour((request) => (isDown ? UNAVAILABLE : tracked(request)));
  putAll(sender, 'abcdefghij');
  await sender.advance(30 * SECOND);
  isDown = false;
  const flushed = sender.flush();
  await sender.advance(50);
  await flushed;
  expect(sender.counts()).toMatchObject({ pending: 0, tracked: 10 });
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
    let isResolved = false;
    void sender.flush().then(() => {
      isResolved = true;
    });
    await sender.advance(limit - 100);
    expect(isResolved).toBe(false);
    await sender.advance(200);
    expect(isResolved).toBe(true);
    await sender.advance(10 * SECOND);
    expect(sender.counts()).toMatchObject({ tracked: 1 });
  },
);

test('what a flush could not send is sent again by back-off, however long the delay is', async () => {
  const sender = openFour([UNAVAILABLE, UNAVAILABLE, tracked], {
    options: { scheduledDelayMillis: HOUR },
  });
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
  let isEnded = false;
  void sender.shutdown(3 * SECOND).then(() => {
    isEnded = true;
  });
  await sender.advance(2_900);
  expect(isEnded).toBe(false);
  expect(total(sender)).toBe(6);
  await sender.advance(200);
  expect(isEnded).toBe(true);
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

test.each<[string, Answer]>([
  ['503', UNAVAILABLE],
  ['no connection', NOT_SENT],
  ['401', text(401)],
])(
  'a shutdown during a back-off makes one attempt, and what is left is lost: %s',
  async (_name, answer) => {
    const sender = openFour(answer);
    putAll(sender, 'abcdef');
    await sender.advance(20 * SECOND);
    const before = sender.sent().length;
    void sender.shutdown(10 * SECOND);
    await sender.advance(100);
    expect(sender.sent()).toHaveLength(before + 1);
    expect(sender.counts()).toMatchObject({ pending: 0, lost: { shutdown: 6 } });
    expect(sender.codes()).toContain('lost-at-shutdown');
  },
);

test('a shutdown searches for no bad hit: what fails is lost', async () => {
  const sender = openFour(ROLLED_BACK);
  putAll(sender, 'abcdef');
  void sender.shutdown(10 * SECOND);
  await sender.advance(11 * SECOND);
  expect(new Set(bulks(sender))).toEqual(new Set(['abcd', 'ef']));
  expect(sender.counts()).toMatchObject({ pending: 0, lost: { shutdown: 6 } });
});

test('ages: of the oldest pending hit, and of the last success', async () => {
  const sender = openFour([tracked, { ...UNAVAILABLE, retryAfter: '60' }, tracked]);
  expect(sender.ages()).toEqual({ oldest: 0, lastSuccess: 0 });
  await sender.advance(10 * SECOND);
  putAll(sender, 'abcd');
  await sender.advance(SECOND);
  expect(sender.ages().oldest).toBe(0);
  expect(sender.ages().lastSuccess).toBeCloseTo(1, 0);
  putAll(sender, 'ef');
  await sender.advance(3 * SECOND);
  expect(sender.ages().oldest).toBeCloseTo(3, 0);
  await sender.advance(30 * SECOND);
  expect(sender.ages().oldest).toBeCloseTo(33, 0);
  expect(sender.ages().lastSuccess).toBeCloseTo(34, 0);
  await sender.advance(MINUTE);
  expect(sender.ages()).toMatchObject({ oldest: 0 });
  expect(sender.ages().lastSuccess).toBeLessThan(35);
});

test.each([allInvalid, text(200, 'DEBUG: x'), ROLLED_BACK, NO_ANSWER])(
  'the age of the last success goes on if no hit was tracked: %o',
  async (reply) => {
    const sender = openFour(reply);
    await sender.advance(10 * SECOND);
    putAll(sender, 'abcd');
    await sender.advance(10 * SECOND);
    expect(sender.sent().length).toBeGreaterThan(0);
    expect(sender.ages().lastSuccess).toBeCloseTo(20, 0);
  },
);

test('without hits nothing is sent', async () => {
  const sender = openFour(tracked);
  await sender.advance(HOUR);
  await sender.flush();
  await sender.shutdown(SECOND);
  expect(bulks(sender)).toEqual([]);
  expect(sender.codes()).toEqual([]);
});
