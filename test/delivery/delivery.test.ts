import { expect, test, vi } from 'vitest';
import { pending, sentNames, setUp, useFakeTime } from '../support/delivery.js';
import {
  answer,
  DATABASE_DIED,
  noAnswer,
  notSent,
  processed,
  type ScriptedTransport,
} from '../support/scripted-transport.js';

useFakeTime();

test('a few hits leave when the first has waited for the scheduled delay', async () => {
  const { delivery, transport } = setUp();
  delivery.push(pending({ name: 'a' }));
  await vi.advanceTimersByTimeAsync(3000);
  delivery.push(pending({ name: 'b' }));
  await vi.advanceTimersByTimeAsync(1999);
  expect(transport.bodies).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(sentNames(transport)).toEqual([['a', 'b']]);
  expect(delivery.counters.tracked).toBe(2);
});

test('a full batch is sent at once, the rest waits', async () => {
  const { delivery, transport } = setUp({ maxExportBatchSize: 3 });
  for (const name of ['a', 'b', 'c', 'd']) delivery.push(pending({ name }));
  expect(transport.bodies).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(20);
  expect(sentNames(transport)).toEqual([['a', 'b', 'c']]);
  expect(delivery.pending).toBe(1);
});

test('one bulk is in flight, however much waits', async () => {
  const { delivery, transport } = setUp({ maxExportBatchSize: 2 });
  const release = transport.hold();
  for (let i = 0; i < 10; i++) delivery.push(pending());
  await vi.advanceTimersByTimeAsync(10_000);
  const flushed = delivery.flush();
  expect(transport.bodies).toHaveLength(1);
  release();
  await flushed;
  expect(transport.bodies).toHaveLength(5);
  expect(transport.mostInFlight).toBe(1);
});

test('after an error of this package, which is logged once, nothing is sent for ten seconds', async () => {
  const { delivery, transport, logged } = setUp({ maxExportBatchSize: 1 });
  let attempts = 0;
  transport.send = () => {
    attempts += 1;
    throw new TypeError('of this package');
  };
  delivery.push(pending());
  await vi.advanceTimersByTimeAsync(9_000);
  expect(attempts).toBe(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(attempts).toBe(2);
  expect(logged).toEqual([expect.stringContaining('[internal-error]')]);
});

test('in a hurry, a hit does not wait as long as those before it', async () => {
  const { delivery, transport } = setUp();
  delivery.push(pending({ name: 'a' }));
  await vi.advanceTimersByTimeAsync(100);
  delivery.hurry();
  await vi.advanceTimersByTimeAsync(0);
  delivery.push(pending({ name: 'b' }));
  await vi.advanceTimersByTimeAsync(40);
  expect(sentNames(transport)).toEqual([['a'], ['b']]);
});

test('the newest hits are dropped and counted when the queue is full', async () => {
  const { delivery, transport, logged } = setUp({ maxQueueSize: 2 });
  for (const name of ['a', 'b', 'c']) delivery.push(pending({ name }));
  delivery.push(pending({ name: 'd' }));
  expect(delivery.counters.lost.queue_full).toBe(2);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(logged).toEqual([expect.stringContaining('queue_full: 2 hits')]);
  await delivery.flush();
  expect(sentNames(transport)).toEqual([['a', 'b']]);
});

test('hits are dropped where they would take more memory than they may', async () => {
  const { delivery } = setUp({ maxQueueSize: 300 });
  for (let i = 0; i < 5; i++) delivery.push(pending({ query: 'a'.repeat(300_000) }));
  expect(delivery).toMatchObject({ pending: 3, counters: { lost: { queue_full: 2 } } });
  await delivery.flush();
  delivery.push(pending({ query: 'a'.repeat(900_000) }));
  expect(delivery).toMatchObject({ pending: 1, counters: { tracked: 3 } });
});

test.each([
  [false, [['a'], ['b'], ['c']], { tracked: 1, lost: { unconfirmed: 2 } }],
  [true, [['a'], ['a'], ['a'], ['b'], ['c']], { tracked: 3, lost: { unconfirmed: 0 } }],
])(
  'with resendUnconfirmed: %s, hits that may be stored or not are sent: %j, %j',
  async (resendUnconfirmed, sent, counters) => {
    const { delivery, transport } = setUp({ resendUnconfirmed, maxExportBatchSize: 1 });
    transport.answer(noAnswer, answer(504), (count) => processed(count));
    for (const name of ['a', 'b', 'c']) delivery.push(pending({ name }));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sentNames(transport)).toEqual(sent);
    expect(delivery.counters).toMatchObject(counters);
  },
);

test('without a token, hits that Matomo would refuse for their age are dropped and counted', async () => {
  const { delivery, transport } = setUp();
  const now = Date.now() / 1000;
  delivery.push(pending({ name: 'old', startSeconds: now - 23 * 3600 - 51 * 60 }));
  delivery.push(pending({ name: 'young', startSeconds: now - 23 * 3600 }));
  await delivery.flush();
  expect(sentNames(transport)).toEqual([['young']]);
  expect(delivery.counters.lost.expired).toBe(1);
});

test('while Matomo is unavailable, the batch is kept and sent again after growing waits, then delivery continues', async () => {
  const { delivery, transport, logged } = setUp({ maxExportBatchSize: 2 });
  transport.answer(notSent, answer(503), answer(429), processed);
  for (const name of ['a', 'b']) delivery.push(pending({ name }));
  await vi.advanceTimersByTimeAsync(20);
  delivery.push(pending({ name: 'c' }));
  for (const wait of [1000, 2000, 4000]) {
    const before = transport.bodies.length;
    await vi.advanceTimersByTimeAsync(wait - 50);
    expect(transport.bodies).toHaveLength(before);
    await vi.advanceTimersByTimeAsync(50);
    expect(sentNames(transport)[before]).toEqual(['a', 'b']);
  }
  expect(sentNames(transport).at(-1)).toEqual(['c']);
  expect(delivery.counters.tracked).toBe(3);
  expect(logged).toEqual([
    expect.stringContaining('ECONNREFUSED'),
    expect.stringContaining('[available-again]'),
  ]);
  // The next outage begins with the shortest wait again.
  transport.answer(answer(503), processed);
  for (const name of ['d', 'e']) delivery.push(pending({ name }));
  await vi.advanceTimersByTimeAsync(20 + 1000);
  expect(delivery.counters.tracked).toBe(5);
});

test.each([
  ['tracked', (sent: number) => processed(sent), 0],
  ['accepted', answer(204), 0],
  ['rejected as invalid', (sent: number) => processed(sent, sent), 60],
])(
  'after a bulk whose hits are all %s, the age of the last success is right',
  async (_result, response, age) => {
    const { delivery, transport } = setUp({ maxExportBatchSize: 1 });
    await vi.advanceTimersByTimeAsync(60_000);
    transport.answer(response);
    delivery.push(pending());
    await vi.advanceTimersByTimeAsync(20);
    expect(delivery.pending).toBe(0);
    expect(Math.floor(delivery.lastSuccessAgeSeconds)).toBe(age);
  },
);

test('a 202 without counters after tracked hits: accepted, one warning, and delivery goes on', async () => {
  const { delivery, transport, logged } = setUp({ maxExportBatchSize: 1 });
  transport.answer(processed, answer(202, 'queued', 'text/plain'));
  for (const name of ['a', 'b', 'c', 'd']) delivery.push(pending({ name }));
  await vi.advanceTimersByTimeAsync(20);
  expect(sentNames(transport)).toEqual([['a'], ['b'], ['c'], ['d']]);
  expect(delivery.counters).toMatchObject({ tracked: 1, accepted: 3 });
  expect(new Set(logged)).toEqual(new Set([expect.stringMatching(/\b20\d\b.*\[not-matomo\]$/)]));
});

test('a page with 200 after tracked hits: others are sent, and its own again, nothing is lost or accepted', async () => {
  const { delivery, transport, logged } = setUp({ maxExportBatchSize: 1 });
  const page = answer(200, '<html>');
  transport.answer(processed, page, page, processed);
  for (const name of ['a', 'b', 'c', 'd', 'e']) delivery.push(pending({ name }));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(delivery).toMatchObject({ pending: 0, resent: 2 });
  expect(delivery.counters).toMatchObject({ tracked: 5, accepted: 0 });
  expect(logged).toEqual([]);
});

test('a database that dies during a bulk kept nothing: the bulk is sent again', async () => {
  const { delivery, transport } = setUp({ maxExportBatchSize: 2 });
  const died = answer(200, DATABASE_DIED);
  transport.answer(processed, died, died, died, died, processed);
  for (const name of ['a', 'b', 'c', 'd']) delivery.push(pending({ name }));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sentNames(transport).slice(0, 3)).toEqual([
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ]);
  expect(delivery.counters.tracked).toBe(4);
});

/** Matomo counts hits with `bad` in their names as invalid. */
function rejectBad(transport: ScriptedTransport): void {
  const isBad = (query: string) => query.includes('bad');
  transport.answer((sent) =>
    processed(sent, transport.bodies.at(-1)?.requests.filter(isBad).length),
  );
}

/** Matomo counts all hits as invalid that come with another token. */
function rejectTokens(transport: ScriptedTransport, valid: () => string): void {
  transport.answer((sent) =>
    processed(sent, transport.bodies.at(-1)?.token_auth === valid() ? 0 : sent),
  );
}

test('with a token that has worked, bad hits are counted after others were tracked before and after them', async () => {
  const { delivery, transport } = setUp({ tokenAuth: 't' });
  rejectBad(transport);
  delivery.push(pending({ name: 'good' }));
  await delivery.flush();
  for (const name of ['bad 1', 'bad 2', 'bad 3']) delivery.push(pending({ name }));
  await delivery.flush();
  for (let i = 0; i < 60; i++) {
    delivery.push(pending({ name: 'good' }));
    await vi.advanceTimersByTimeAsync(10_000);
  }
  expect(delivery.pending).toBe(0);
  expect(delivery.counters).toMatchObject({ tracked: 61, invalid: 3 });
});

test('a token that stops working: two rejected requests, then everything waits', async () => {
  const { delivery, transport, logged } = setUp({ tokenAuth: 't', scheduledDelayMillis: 100 });
  transport.answer(processed(1), (sent) => processed(sent, sent));
  delivery.push(pending());
  await delivery.flush();
  for (let i = 0; i < 40; i++) {
    delivery.push(pending());
    if (i % 4 === 0) await vi.advanceTimersByTimeAsync(200);
  }
  await vi.advanceTimersByTimeAsync(60_000);
  expect(transport.bodies).toHaveLength(1 + 2);
  expect(logged.join('\n')).toMatch(/: \d\d? hits\..*\[token-rejected\]/);
});

test('a token that was replaced in its file: the rejected bulk is sent again at once, and nothing is counted', async () => {
  let file = 'old';
  const options = { tokenAuth: 'old', rereadToken: () => file, scheduledDelayMillis: 100 };
  const { delivery, transport, logged } = setUp(options);
  let valid = 'old';
  rejectTokens(transport, () => valid);
  delivery.push(pending());
  await delivery.flush();
  file = 'new';
  valid = 'new';
  for (let i = 0; i < 20; i++) delivery.push(pending());
  await vi.advanceTimersByTimeAsync(200);
  expect(transport.bodies.map(({ token_auth }) => token_auth)).toEqual(['old', 'old', 'new']);
  expect(delivery).toMatchObject({ pending: 0, resent: 0, counters: { tracked: 21, invalid: 0 } });
  expect(logged).toEqual([]);
});

test('a rejected token is read again every five seconds, a missing one keeps the old, and nothing is sent until it changes', async () => {
  let file: string | undefined = 'old';
  let reads = 0;
  const rereadToken = () => {
    reads += 1;
    return file;
  };
  const { delivery, transport } = setUp({ tokenAuth: 'old', rereadToken });
  rejectTokens(transport, () => 'new');
  delivery.push(pending());
  await vi.advanceTimersByTimeAsync(20_000);
  file = undefined;
  await vi.advanceTimersByTimeAsync(80_000);
  expect(transport.bodies).toHaveLength(1);
  expect(reads).toBeGreaterThanOrEqual(18);
  file = 'new';
  await vi.advanceTimersByTimeAsync(6_000);
  expect(transport.bodies.map(({ token_auth }) => token_auth)).toEqual(['old', 'new']);
  expect(delivery.counters).toMatchObject({ tracked: 1, invalid: 0 });
  const before = reads;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(reads).toBe(before);
});

test('a rejected token that is replaced while it is tried again: the new one is sent at once', async () => {
  let file = 'old';
  const { delivery, transport } = setUp({ tokenAuth: 'old', rereadToken: () => file });
  rejectTokens(transport, () => 'new');
  delivery.push(pending());
  await vi.advanceTimersByTimeAsync(60_000);
  expect(transport.bodies).toHaveLength(1);
  const release = transport.hold();
  await vi.advanceTimersByTimeAsync(10 * 60_000 - 50_000);
  expect(transport.bodies).toHaveLength(2);
  file = 'new';
  await vi.advanceTimersByTimeAsync(10_000);
  release();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(transport.bodies.map(({ token_auth }) => token_auth)).toEqual(['old', 'old', 'new']);
  expect(delivery.counters.tracked).toBe(1);
});

test('with a token that never worked the batch is held, and Matomo asked after 10, 30 and 60 minutes', async () => {
  const { delivery, transport, logged } = setUp({ tokenAuth: 't' });
  transport.answer((sent) => processed(sent, sent));
  for (let i = 0; i < 5; i++) delivery.push(pending());
  await vi.advanceTimersByTimeAsync(6_000);
  for (const [before, minutes] of [10, 30, 60, 60].entries()) {
    await vi.advanceTimersByTimeAsync(minutes * 60_000 - 2_000);
    expect(transport.bodies).toHaveLength(before + 1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(transport.bodies).toHaveLength(before + 2);
  }
  expect(delivery).toMatchObject({ pending: 5, counters: { invalid: 0 } });
  expect(logged[0]).toMatch(/\b5 hits\b.*\[token-rejected\]$/);
  const since = '2026-11-20T12:00:05Z';
  expect(logged[1]).toContain(since);
  expect(logged[1]).toMatch(/\b5 hits\b.*\[token-rejected\]$/);
});

test('one bad hit as the very first looks like a rejected token, and newer ones are sent before it', async () => {
  const { delivery, transport } = setUp({ tokenAuth: 't' });
  rejectBad(transport);
  delivery.push(pending({ name: 'bad' }));
  await vi.advanceTimersByTimeAsync(6_000);
  for (const name of ['a', 'b']) delivery.push(pending({ name }));
  await vi.advanceTimersByTimeAsync(11 * 60_000);
  expect(sentNames(transport).slice(0, 2)).toEqual([['bad'], ['a', 'b']]);
  expect(delivery.counters.tracked).toBe(2);
});

test('while a token is rejected no flush asks again, and shutdown once', async () => {
  const { delivery, transport } = setUp({ tokenAuth: 't' });
  transport.answer((sent) => processed(sent, sent));
  for (let i = 0; i < 50; i++) {
    delivery.push(pending());
    await delivery.flush();
  }
  expect(transport.bodies).toHaveLength(1);
  const over = delivery.shutdown(1000);
  await vi.advanceTimersByTimeAsync(10);
  await over;
  expect(transport.bodies).toHaveLength(2);
  expect(delivery.counters.lost.shutdown).toBe(50);
});

test('halves are of different visitors where they can be, so that no hit passes one of its own visitor', async () => {
  const { delivery, transport } = setUp();
  transport.answer((sent) => {
    const isPoisoned = transport.bodies.at(-1)?.requests.some((query) => query.includes('poison'));
    return isPoisoned ? answer(500) : processed(sent);
  });
  const visits = { a: ['poison', 'a2', 'a3', 'a4', 'a5'], b: ['b1', 'b2'] };
  let startSeconds = Date.now() / 1000;
  for (const [visitor, hits] of Object.entries(visits)) {
    for (const name of hits)
      delivery.push(pending({ name, visitor, startSeconds: startSeconds++ }));
  }
  await vi.advanceTimersByTimeAsync(60 * 60_000);
  expect(delivery.counters.tracked).toBe(6);
  const attempts = sentNames(transport);
  expect(attempts).toContainEqual(visits.a);
  expect(attempts).toContainEqual(visits.b);
});

test('a new hit is due as usual while one that failed alone has to wait longer', async () => {
  const { delivery, transport } = setUp();
  transport.answer(answer(400));
  delivery.push(pending({ name: 'bad' }));
  await vi.advanceTimersByTimeAsync(60_000);
  const failures = transport.bodies.length;
  transport.answer(processed);
  delivery.push(pending({ name: 'new' }));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(sentNames(transport)[failures]).toEqual(['new']);
});

test('a bulk that is too large is halved down to the one hit that is', async () => {
  const { delivery, transport } = setUp();
  const large = () => transport.bodies.at(-1)?.requests.includes('?h=large');
  transport.answer((sent) => (large() ? answer(413) : processed(sent)));
  for (const name of ['a', 'b', 'large', 'c']) delivery.push(pending({ name }));
  await delivery.flush();
  expect(delivery.counters).toMatchObject({ tracked: 3, lost: { too_large: 1 } });
});

test('a batch stays below the megabyte that nginx takes', async () => {
  const { delivery, transport } = setUp();
  for (let i = 0; i < 100; i++) delivery.push(pending({ query: 'a'.repeat(30_000) }));
  const flushed = delivery.flush();
  await vi.advanceTimersByTimeAsync(10);
  await flushed;
  expect(delivery.counters.tracked).toBe(100);
  for (const body of transport.bodies) {
    expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(1_000_000);
  }
});

test('a flush does not wait for a back-off, makes one attempt, and never rejects', async () => {
  const { delivery, transport } = setUp({ maxExportBatchSize: 1 });
  transport.answer(notSent);
  for (let i = 0; i < 3; i++) delivery.push(pending());
  await delivery.flush();
  expect(transport.bodies).toHaveLength(1);
  await delivery.flush();
  expect(transport.bodies).toHaveLength(2);
  expect(delivery.pending).toBe(3);
});

test('shutdown sends what is pending, is one promise for all calls, and counts later hits as lost', async () => {
  const { delivery, transport, logged } = setUp();
  delivery.push(pending({ name: 'a' }));
  const first = delivery.shutdown(1000);
  expect(delivery.shutdown(1000)).toBe(first);
  await first;
  expect(sentNames(transport)).toEqual([['a']]);
  expect(logged).toEqual([]);
  for (const late of [pending(), pending()]) delivery.push(late);
  expect(delivery.counters).toMatchObject({ tracked: 1, lost: { shutdown: 2 } });
  expect(logged).toEqual([expect.stringContaining('[lost-at-shutdown]')]);
});

test('shutdown ends at its deadline; what was in flight is unconfirmed, what waited is lost', async () => {
  const { delivery, transport, logged } = setUp({ maxExportBatchSize: 2 });
  transport.hold();
  for (let i = 0; i < 5; i++) delivery.push(pending());
  const closed = delivery.shutdown(1500);
  await vi.advanceTimersByTimeAsync(1500);
  await closed;
  expect(delivery.counters.lost).toMatchObject({ unconfirmed: 2, shutdown: 3 });
  expect(delivery.pending).toBe(0);
  expect(logged.at(-1)).toMatch(
    /\b3 hits\b.*\bshutdownTimeoutMillis\b.*\bspool\b.*\[lost-at-shutdown\]$/,
  );
});

test('the log has the current cause of an outage, what is pending, and the second outage', async () => {
  const { delivery, transport, logged } = setUp();
  const outage = [notSent, answer(503), answer(200, DATABASE_DIED), answer(502)];
  for (const exchange of outage) {
    transport.answer(exchange);
    delivery.push(pending());
    await vi.advanceTimersByTimeAsync(5 * 60_000);
  }
  expect(logged.filter((line) => !line.includes('no hits since'))).toEqual([
    expect.stringMatching(/ECONNREFUSED.*\b1 hit\..*\[unreachable\]$/),
    expect.stringMatching(/\b503\b.*\b2 hits\..*\[unavailable\]$/),
    expect.stringMatching(/SQLSTATE.*\b3 hits\..*\[rolled-back\]$/),
    expect.stringMatching(/\b502\b.*\b4 hits\..*\[unavailable\]$/),
  ]);
  const repeated = logged.find((line) => line.includes('no hits since')) ?? '';
  expect(repeated).toMatch(/since 2026-11-20T12:00:05Z: .*Pending: 3 hits\./);
  transport.answer(processed);
  await vi.advanceTimersByTimeAsync(15 * 60_000);
  expect(logged.at(-1)).toContain('[available-again]');
  transport.answer(answer(502));
  delivery.push(pending());
  await vi.advanceTimersByTimeAsync(2 * 60_000);
  expect(logged.at(-1)).toMatch(/\b502\b.*\[unavailable\]$/);
});

test('every loss is in the log with its number, once a minute, and the second full queue too', async () => {
  const { delivery, transport, logged } = setUp({ maxQueueSize: 10, maxExportBatchSize: 5 });
  const lostIn = (lines: readonly string[]) =>
    lines.flatMap((line) => /queue_full: (\d+) hits?\b/.exec(line)?.[1] ?? []).map(Number);
  for (const outage of [1, 2]) {
    logged.length = 0;
    transport.answer(answer(503));
    for (let i = 0; i < 120; i++) {
      delivery.push(pending());
      await vi.advanceTimersByTimeAsync(1000);
    }
    transport.answer(processed);
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    const lost = lostIn(logged);
    expect(lost.length).toBeLessThanOrEqual(3);
    expect(lost.reduce((sum, count) => sum + count, 0)).toBe(
      delivery.counters.lost.queue_full / outage,
    );
  }
});

test('a shutdown leaves no timer, although the token is rejected and the queue is full at its end', async () => {
  const { delivery, transport } = setUp({
    tokenAuth: 't',
    rereadToken: () => 't',
    maxQueueSize: 2,
  });
  transport.answer((sent) => processed(sent, sent));
  transport.close = async () => release();
  const release = transport.hold();
  for (let i = 0; i < 3; i++) delivery.push(pending());
  const closed = delivery.shutdown(1000);
  await vi.advanceTimersByTimeAsync(1000);
  await closed;
  expect(delivery.counters.lost).toMatchObject({ queue_full: 1, shutdown: 2 });
  expect(vi.getTimerCount()).toBe(0);
});

test('hits that expire, that are unconfirmed and that Matomo rejects are in the log', async () => {
  const { delivery, transport, logged } = setUp();
  transport.answer(processed(3, 1), answer(504), (sent) => processed(sent, sent));
  const dayAgo = Date.now() / 1000 - 86_400;
  for (let i = 0; i < 3; i++) delivery.push(pending());
  delivery.push(pending({ startSeconds: dayAgo }));
  await delivery.flush();
  for (let i = 0; i < 2; i++) delivery.push(pending());
  await delivery.flush();
  await vi.advanceTimersByTimeAsync(60_000);
  for (let i = 0; i < 4; i++) delivery.push(pending());
  await vi.advanceTimersByTimeAsync(60_000);
  const { invalid, lost } = delivery.counters;
  expect({ invalid, lost }).toMatchObject({ invalid: 5, lost: { expired: 1, unconfirmed: 2 } });
  expect(logged.join('\n')).toMatch(/expired: 1 hit\..*\[expired\]/);
  expect(logged.join('\n')).toMatch(/stored 2 hits .*\[unconfirmed\]/);
  const rejected = () => logged.filter((line) => line.includes('[hits-invalid]'));
  expect(rejected()).toEqual([expect.stringContaining('rejected 1 hit,')]);
  await vi.advanceTimersByTimeAsync(60 * 60_000);
  expect(rejected()[1]).toContain('rejected 4 hits,');
});

test('what is lost at shutdown is logged with the last cause; if no time was missing, no longer one is suggested', async () => {
  const { delivery, transport, logged } = setUp();
  transport.answer(answer(503));
  delivery.push(pending());
  await delivery.flush();
  await delivery.shutdown(1000);
  expect(delivery.counters.lost.shutdown).toBe(1);
  expect(logged.at(-1)).toMatch(/\b1 hit\b.*\b503\b.*\bspool\b.*\[lost-at-shutdown\]$/);
  expect(logged.at(-1)).not.toContain('shutdownTimeoutMillis');
});

test('hits that Matomo rejects while the process is blocked at its end are logged', () => {
  const { delivery, transport, logged } = setUp();
  Object.assign(transport, { sendSync: () => processed(1, 1) });
  delivery.keepsForExit = true;
  delivery.push(pending());
  delivery.finish();
  expect(logged).toEqual([expect.stringContaining('[hits-invalid]')]);
});
