import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { notSent } from '../../support/scripted-transport.js';
import { linesIn, spooledDelivery, temporaryFolder } from '../../support/spool.js';

test('what comes before the store is there waits for it, and goes through it', async () => {
  const folder = temporaryFolder();
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { delivery, push, transport, sent, law } = spooledDelivery({ folder, opened });
  push('a');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent()).toEqual([]);
  expect(law()).toEqual([1, 1]);
  vi.useRealTimers();
  transport.answer({ kind: 'not_sent', error: new Error('unavailable') });
  push('b');
  const flushed = delivery.flush();
  open();
  await flushed;
  expect(delivery).toMatchObject({ pending: 2, spooled: 2 });
  expect(linesIn(folder)).toHaveLength(2);
  expect(law()).toEqual([2, 2]);
});

test('a folder that cannot be used when the process starts is used once that is possible', async () => {
  const startTimer = globalThis.setTimeout;
  const spy = vi.spyOn(globalThis, 'setTimeout');
  spy.mockImplementation(((run: () => void, millis: number) =>
    startTimer(run, millis === 10_000 ? 50 : millis)) as typeof setTimeout);
  onTestFinished(() => void spy.mockRestore());
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  const folder = join(file, 'spool');
  const { delivery, push, transport, logged, law } = spooledDelivery({ folder });
  transport.answer(notSent);
  push('a');
  await eventually(() => transport.bodies.length > 0);
  expect(logged).toEqual([
    expect.stringMatching(/ENOTDIR.*\[spool-not-used\]$/),
    expect.stringContaining('[unreachable]'),
  ]);
  rmSync(file);
  push('b');
  await eventually(() => delivery.spooled === 2);
  expect(linesIn(folder)).toHaveLength(2);
  expect(logged).toHaveLength(3);
  expect(logged[2]).toContain('[spool-used-again]');
  expect(law()).toEqual([2, 2]);
});
