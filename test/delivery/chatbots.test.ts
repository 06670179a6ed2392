import { expect, test, vi } from 'vitest';
import { pending, sentNames, setUp, useFakeTime } from '../support/delivery.js';
import { isChatbot } from '../support/named-hits.js';

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
