import { describe, expect, test, vi } from 'vitest';
import { eventually } from '../support/child-process.js';
import { pending, sentNames, setUp, useFakeTime } from '../support/delivery.js';
import { isChatbot } from '../support/named-hits.js';
import { startRedis } from '../support/redis-server.js';
import { answer, processed } from '../support/scripted-transport.js';
import { sorted } from '../support/sorted.js';
import { spooledDelivery, temporaryFolder } from '../support/spool.js';

const NAMES = ['a', 'b.bot', 'c', 'd.bot', 'e', 'f', 'g.bot', 'h'];

/** Whether hits of AI chatbots and others share a bulk. */
function isMixed(names: readonly string[]): boolean {
  return names.some(isChatbot) && !names.every(isChatbot);
}

function expectApart(bulks: readonly (readonly string[])[], max: number): void {
  expect(bulks.filter(isMixed)).toEqual([]);
  expect(bulks.filter(({ length }) => length > max)).toEqual([]);
  const inOrder = (isWanted: (name: string) => boolean) => bulks.flat().filter(isWanted);
  expect(inOrder(isChatbot)).toEqual(NAMES.filter(isChatbot));
  expect(inOrder((name) => !isChatbot(name))).toEqual(NAMES.filter((name) => !isChatbot(name)));
}

describe('from memory', () => {
  useFakeTime();

  test.for([1, 2, 3, 100])('no bulk of %s hits has both kinds, each in order', async (max) => {
    const { delivery, transport } = setUp({ maxExportBatchSize: max });
    for (const name of NAMES) delivery.push(pending({ name }));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(delivery.counters.tracked).toBe(NAMES.length);
    expectApart(sentNames(transport), max);
  });

  test('a flush and a shutdown send both kinds', async () => {
    const { delivery, transport } = setUp();
    for (const name of NAMES.slice(0, 4)) delivery.push(pending({ name }));
    await delivery.flush();
    expect(delivery.counters.tracked).toBe(4);
    for (const name of NAMES.slice(4)) delivery.push(pending({ name }));
    await delivery.shutdown(1000);
    expect(delivery.counters.tracked).toBe(NAMES.length);
    expectApart(sentNames(transport), 100);
  });

  test('halves of a bulk that is too large are of its kind', async () => {
    const { delivery, transport } = setUp();
    transport.answer((sent) => (sent > 1 ? answer(413) : processed(sent)));
    for (const name of NAMES) delivery.push(pending({ name }));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(delivery.counters.tracked).toBe(NAMES.length);
    expect(sentNames(transport).filter(isMixed)).toEqual([]);
  });

  test.for([
    ['500', answer(500, { status: 'error', tracked: 1, invalid: 0 })],
    ['200 that counts nothing', answer(200, { status: 'success', tracked: 0, invalid: 0 })],
  ] as const)(
    'a deadlock among chatbots, answered with %s, delays no visit',
    async ([, deadlock]) => {
      const { delivery, transport } = setUp({ scheduledDelayMillis: 100 });
      const isOfChatbots = () => transport.bodies.at(-1)?.requests[0]?.includes('&recMode=1');
      transport.answer((sent) => (isOfChatbots() ? deadlock : processed(sent)));
      delivery.push(pending({ name: 'first.bot' }));
      delivery.push(pending({ name: 'second.bot' }));
      let visits = 0;
      for (let i = 0; i < 20; i++) {
        visits += 1;
        delivery.push(pending({ name: String(i) }));
        await vi.advanceTimersByTimeAsync(5 * 60_000);
        expect(delivery.counters.tracked).toBe(visits);
      }
      expect(delivery.pending + delivery.counters.lost.rejected).toBe(2);
      expect(sentNames(transport).filter(isMixed)).toEqual([]);
    },
  );

  test('visits that fail delay no chatbot', async () => {
    const { delivery, transport } = setUp({ scheduledDelayMillis: 100 });
    const isOfChatbots = () => transport.bodies.at(-1)?.requests[0]?.includes('&recMode=1');
    transport.answer((sent) => (isOfChatbots() ? processed(sent) : answer(500)));
    for (const name of NAMES) delivery.push(pending({ name }));
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    delivery.push(pending({ name: 'later.bot' }));
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    expect(delivery.counters.tracked).toBe(4);
    expect(sentNames(transport).filter(isMixed)).toEqual([]);
  });
});

test('what a file spool holds leaves by kind, also in another process', async () => {
  const folder = temporaryFolder();
  const first = spooledDelivery({ folder });
  first.transport.answer(answer(503));
  first.push(...NAMES);
  await eventually(() => first.delivery.spooled === NAMES.length);
  await first.delivery.shutdown(1000);
  const second = spooledDelivery({ folder, maxExportBatchSize: 3 });
  await eventually(() => second.delivery.counters.tracked === NAMES.length);
  expect(sentNames(second.transport).filter(isMixed)).toEqual([]);
  expect(sorted(second.sent())).toEqual(sorted(NAMES));
});

test('what Redis holds leaves by kind', async () => {
  const redis = await startRedis();
  const { delivery, transport, push, sent } = spooledDelivery({
    folder: redis.url,
    maxExportBatchSize: 3,
  });
  push(...NAMES);
  await eventually(() => delivery.counters.tracked === NAMES.length);
  expect(sentNames(transport).filter(isMixed)).toEqual([]);
  expect(sorted(sent())).toEqual(sorted(NAMES));
});
