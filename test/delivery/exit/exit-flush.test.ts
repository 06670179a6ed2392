import { expect, test } from 'vitest';
import { Delivery } from '../../../src/delivery/delivery.js';
import type { Exchange } from '../../../src/delivery/http/transport.js';
import type { Hit } from '../../../src/hit/hit.js';
import { eventually } from '../../support/child-process.js';
import { DEFAULT_OPTIONS } from '../../support/default-options.js';
import { pending, setUp, sumOfCounters } from '../../support/delivery.js';
import { diagnosticsTo } from '../../support/diagnostics.js';
import {
  answer,
  noAnswer,
  processed,
  scriptedTransport,
} from '../../support/scripted-transport.js';

function hit(name: string, kind: Hit['kind'] = 'page'): Hit {
  return { site: 1, visitor: name, startSeconds: Date.now() / 1000, kind, query: `?n=${name}` };
}

/** Ends a process with these hits, and returns what was sent and what became of them. `left`: hits that were not decided. */
function flush(
  hits: readonly Hit[],
  respond: (names: string[]) => Exchange,
  millis = 60_000,
  rereadToken: () => string | undefined = () => 'token',
) {
  const bulks: string[][] = [];
  const logged: string[] = [];
  const transport = {
    ...scriptedTransport(),
    sendSync(body: Buffer) {
      const { requests } = JSON.parse(body.toString()) as { requests: string[] };
      const names = requests.map((query) => query.slice('?n='.length));
      bulks.push(names);
      return respond(names);
    },
  };
  const options = {
    ...DEFAULT_OPTIONS,
    tokenAuth: 'token',
    rereadToken,
    scheduledDelayMillis: 60_000,
    shutdownTimeoutMillis: millis,
    maxExportBatchSize: 100,
  };
  const delivery = new Delivery(
    options,
    transport,
    diagnosticsTo((message) => void logged.push(message)),
  );
  delivery.keepsForExit = true;
  for (const hit of hits) delivery.push(hit);
  delivery.finish();
  const { counters } = delivery;
  expect(sumOfCounters(counters)).toBe(hits.length);
  const reason = logged.find((message) => /\[(?:lost-at-shutdown|unconfirmed)\]$/.test(message));
  return { reason, bulks, counters, left: counters.lost.shutdown };
}

const REFUSED: Exchange = { kind: 'not_sent', error: new Error('nobody listens') };
const LETTERS = [...'abcdefgh'].map((name) => hit(name));

test('the last line has no hits that were lost before the end', () => {
  const { delivery, logged } = setUp({ maxQueueSize: 1 });
  delivery.keepsForExit = true;
  expect([delivery.push(pending()), delivery.push(pending())]).toEqual([true, false]);
  delivery.finish();
  expect(logged.at(-1)).toContain('Lost: 1 hit (shutdown: 1)');
});

test('hits that were lost shortly before the end are logged, too, while further ones are sent', async () => {
  const { delivery, transport, logged } = setUp({ scheduledDelayMillis: 1 });
  delivery.keepsForExit = true;
  const release = transport.hold();
  delivery.push(pending());
  await eventually(() => transport.bodies.length === 1);
  delivery.push(pending());
  delivery.hurry();
  transport.answer(noAnswer, () => new Promise(() => undefined));
  release();
  await eventually(() => transport.bodies.length === 2);
  delivery.finish();
  expect(delivery.counters.lost.unconfirmed).toBe(2);
  expect(logged.slice(-2)).toEqual([
    expect.stringMatching(/stored 1 hit .*\[unconfirmed\]$/),
    expect.stringMatching(/unconfirmed: 1.*\[unconfirmed\]$/),
  ]);
});

test('a bulk that is too large is halved until its hits are through', () => {
  const { reason, counters, left } = flush(LETTERS, ({ length }) =>
    length > 2 ? answer(413, '') : processed(length),
  );
  expect({ reason, left, tracked: counters.tracked }).toEqual({ left: 0, tracked: 8 });
});

test('a hit that rolls its bulk back costs half of it at most', () => {
  const { counters, left } = flush(LETTERS, (names) =>
    names.includes('c') ? answer(500, '') : processed(names.length),
  );
  expect({ left, tracked: counters.tracked }).toEqual({ left: 4, tracked: 4 });
});

test('a database that is down is not asked for each hit', () => {
  const hits = Array.from({ length: 100 }, (_, i) => hit(`n${i}`));
  const { reason, bulks } = flush(hits, () => answer(500, ''));
  expect(reason).toMatch(/\b500\b/);
  expect(bulks).toHaveLength(3);
});

test('AI chatbots leave in bulks of their own, and a deadlock among them costs no visit', () => {
  const bots = ['x', 'y', 'z'].map((name) => ({
    ...hit(name, 'chatbot'),
    query: `?n=${name}&idsite=1&recMode=1`,
  }));
  const isBot = (name: string) => name.includes('recMode');
  const { bulks, counters, left } = flush([...bots, ...LETTERS], (names) =>
    names.some(isBot) ? answer(500, '') : processed(names.length),
  );
  expect(bulks.filter((names) => names.some(isBot) && !names.every(isBot))).toEqual([]);
  expect({ left, tracked: counters.tracked }).toEqual({ left: 3, tracked: 8 });
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
  let token = 'token';
  const rereadToken = () => {
    token = 'new';
    return token;
  };
  const respond = (names: string[]) => processed(names.length, token === 'new' ? 0 : names.length);
  const { bulks, counters, left } = flush([hit('a'), hit('b')], respond, 60_000, rereadToken);
  expect(bulks).toHaveLength(2);
  expect({ left, ...counters }).toMatchObject({ left: 0, tracked: 2, invalid: 0 });
});

test('hits that were perhaps not even accepted count as accepted, and no more are sent', () => {
  const hits = Array.from({ length: 250 }, (_, i) => hit(`n${i}`));
  let bulks = 0;
  const flushed = flush(hits, ({ length }) => {
    bulks += 1;
    return bulks === 1 ? processed(length) : answer(200, 'OK', 'text/plain');
  });
  expect(flushed.bulks).toHaveLength(2);
  expect(flushed).toMatchObject({ left: 50, counters: { tracked: 100, accepted: 100 } });
  expect(flushed.reason).toContain('text/plain');
});

test.each(Array.from({ length: 25 }, (_, microtasks) => microtasks))(
  'a bulk that was not sent yet does not get the result of the one before, %i microtasks after a flush',
  async (microtasks) => {
    const bulks: string[][] = [];
    let latest: Exchange | undefined;
    const record = (body: Buffer) => {
      const { requests } = JSON.parse(body.toString()) as { requests: string[] };
      bulks.push(requests);
      return processed(requests.length);
    };
    const transport = {
      ...scriptedTransport(),
      async send(body: Buffer) {
        const result = record(body);
        latest = undefined;
        await new Promise(setImmediate);
        latest = result;
        return result;
      },
      waitSync: () => latest ?? processed(1),
      sendSync: record,
    };
    const delivery = new Delivery(
      { ...DEFAULT_OPTIONS, shutdownTimeoutMillis: 60_000 },
      transport,
      diagnosticsTo(() => undefined),
    );
    delivery.keepsForExit = true;
    delivery.push(hit('a'));
    await delivery.flush();
    delivery.push(hit('b'));
    void delivery.flush();
    for (let i = 0; i < microtasks; i++) await undefined;
    delivery.finish();
    expect(bulks).toEqual([['?n=a'], ['?n=b']]);
    expect(delivery.counters.tracked).toBe(2);
  },
);
