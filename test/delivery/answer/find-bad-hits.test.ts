import { expect, test, vi } from 'vitest';
import type { Exchange } from '../../../src/delivery/http/transport.js';
import { pending, sentNames, setUp, useFakeTime } from '../../support/delivery.js';
import { answer, processed } from '../../support/scripted-transport.js';

useFakeTime();

const FAILURE = answer(500, { status: 'error', tracked: 0, invalid: 0 });

/** A Matomo with a database that works; poison rolls its bulk back. */
function refusePoison({ transport }: ReturnType<typeof setUp>): void {
  transport.answer((sent) => {
    const isPoisoned = transport.bodies.at(-1)?.requests.some((query) => query.includes('poison'));
    return isPoisoned ? FAILURE : processed(sent);
  });
}

test('a database that works once between failures has no hit rejected', async () => {
  const { delivery, transport } = setUp();
  const works = (sent: number): Exchange => processed(sent);
  transport.answer(FAILURE, FAILURE, FAILURE, works, FAILURE);
  for (let i = 0; i < 100; i++) delivery.push(pending({ visitor: String(i) }));
  while (delivery.counters.tracked === 0) await vi.advanceTimersByTimeAsync(1);
  expect(delivery.counters.tracked).toBe(50);
  const before = transport.bodies.length;
  await vi.advanceTimersByTimeAsync(100);
  expect(transport.bodies.length - before).toBeLessThanOrEqual(4);
  await vi.advanceTimersByTimeAsync(24 * 3_600_000 - 30 * 60_000);
  expect(delivery).toMatchObject({ pending: 50, counters: { lost: { rejected: 0 } } });
  transport.answer(works);
  await vi.advanceTimersByTimeAsync(5 * 60_000);
  expect(delivery).toMatchObject({ pending: 0, counters: { tracked: 100 } });
});

test('a hit is rejected only after it failed alone, another was processed, and it failed alone again', async () => {
  const set = setUp();
  const { delivery, transport } = set;
  refusePoison(set);
  for (let i = 0; i < 20; i++) delivery.push(pending());
  delivery.push(pending({ name: 'poison' }));
  for (let i = 0; i < 20; i++) delivery.push(pending());
  await vi.advanceTimersByTimeAsync(30 * 60_000);
  expect(delivery).toMatchObject({ pending: 0, counters: { tracked: 40, lost: { rejected: 1 } } });
  const attempts = sentNames(transport);
  const alone = attempts.flatMap((names, i) => (names.join() === 'poison' ? [i] : []));
  expect(alone).toHaveLength(2);
  const between = attempts.slice((alone[0] as number) + 1, alone[1]);
  expect(between.some((names) => !names.includes('poison'))).toBe(true);
});

test('the last of all hits waits alone for another to be processed, and holds up none', async () => {
  const set = setUp();
  const { delivery, transport } = set;
  refusePoison(set);
  for (const name of ['a', 'poison']) delivery.push(pending({ name }));
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(delivery).toMatchObject({
    pending: 1,
    retriedAlone: 1,
    counters: { lost: { rejected: 0 } },
  });
  const before = transport.bodies.length;
  delivery.push(pending({ name: 'b' }));
  await delivery.flush();
  expect(sentNames(transport).slice(before)).toEqual([['b'], ['poison']]);
  expect(delivery).toMatchObject({ pending: 0, counters: { tracked: 2, lost: { rejected: 1 } } });
});

test.each([2, 5, 20])(
  '%i bad hits all over a bulk hold the others back for minutes only',
  async (bad) => {
    const set = setUp();
    const { delivery } = set;
    refusePoison(set);
    for (let i = 0; i < 40; i++) {
      delivery.push(pending({ name: i % (40 / bad) === 0 ? `poison ${i}` : `good ${i}` }));
    }
    await vi.advanceTimersByTimeAsync(3_600_000);
    delivery.push(pending());
    await vi.advanceTimersByTimeAsync(600_000);
    expect(delivery).toMatchObject({
      pending: 0,
      counters: { tracked: 41 - bad, lost: { rejected: bad } },
    });
  },
);

test('two hits that fail alone do not keep newer ones waiting', async () => {
  const set = setUp({ maxExportBatchSize: 1 });
  const { delivery } = set;
  refusePoison(set);
  for (const name of ['poison 1', 'poison 2']) delivery.push(pending({ name }));
  await vi.advanceTimersByTimeAsync(600_000);
  expect(delivery.pending).toBe(2);
  delivery.push(pending({ name: 'good' }));
  await vi.advanceTimersByTimeAsync(600_000);
  expect(delivery).toMatchObject({ pending: 0, counters: { tracked: 1, lost: { rejected: 2 } } });
});
