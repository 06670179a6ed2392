import { expect, test, vi } from 'vitest';
import { Delivery } from '../../src/delivery/delivery.js';
import { DEFAULT_OPTIONS } from '../support/default-options.js';
import { pending, sentNames, useFakeTime } from '../support/delivery.js';
import { collectDiagnostics } from '../support/diagnostics.js';
import { answer, processed, scriptedTransport } from '../support/scripted-transport.js';

useFakeTime();

/** Two hits have failed alone, and are due in two seconds. `sent` has what is sent from now on. */
async function setAside(maxExportBatchSize = 1) {
  const transport = scriptedTransport();
  const respond = () => {
    const isBad = sentNames(transport)
      .at(-1)
      ?.some((name) => name.startsWith('bad'));
    return isBad ? answer(403) : processed(1);
  };
  transport.answer(respond);
  const sendSync = (body: Buffer) => {
    transport.bodies.push(JSON.parse(body.toString()));
    return respond();
  };
  const options = {
    ...DEFAULT_OPTIONS,
    maxExportBatchSize,
    scheduledDelayMillis: 100,
    shutdownTimeoutMillis: 60_000,
  };
  const { diagnostics } = collectDiagnostics();
  const delivery = new Delivery(options, { ...transport, sendSync }, diagnostics, () => 1);
  for (const name of ['bad 1', 'bad 2']) delivery.push(pending({ name }));
  await vi.advanceTimersByTimeAsync(100);
  const before = transport.bodies.length;
  return { delivery, sent: () => sentNames(transport).slice(before).flat() };
}

test.each([1, 100])(
  'hits that failed alone are sent at most every 30 seconds while others succeed, in bulks of %i',
  async (size) => {
    const { delivery, sent } = await setAside(size);
    for (let i = 0; i < 4; i++) {
      delivery.push(pending({ name: 'good' }));
      await vi.advanceTimersByTimeAsync(5_000);
    }
    expect(sent()).toEqual(['good', 'bad 1', 'good', 'bad 2', 'good', 'good']);
  },
);

test('each flush sends them until one fails', async () => {
  const { delivery, sent } = await setAside();
  await delivery.flush();
  expect(sent()).toEqual(['bad 1']);
  await delivery.flush();
  expect(sent()).toEqual(['bad 1', 'bad 2']);
});

test('a shutdown does, too', async () => {
  const { delivery, sent } = await setAside();
  await delivery.shutdown(1_000);
  expect(sent()).toEqual(['bad 1']);
  expect(delivery.counters.lost.shutdown).toBe(2);
});

test('at exit, each is sent once', async () => {
  const { delivery, sent } = await setAside();
  delivery.keepsForExit = true;
  delivery.finish();
  expect(sent()).toEqual(['bad 1', 'bad 2']);
  expect(delivery.counters.lost.shutdown).toBe(2);
});
