import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createDiagnostics } from '../../src/common/diagnostics.js';
import { coded, type MessageCode, splitCode } from '../../src/common/messages.js';
import { Delivery } from '../../src/delivery/delivery.js';
import { DEFAULT_OPTIONS } from '../support/default-options.js';
import { pending } from '../support/delivery.js';
import { captureOutput } from '../support/output.js';
import { answer, processed, scriptedTransport } from '../support/scripted-transport.js';

const MINUTE = 60_000;

function useFakeTime(): void {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 20, 12) });
  onTestFinished(() => void vi.useRealTimers());
}

/** Codes of the lines, in their order. */
const codesOf = (lines: readonly string[]) =>
  lines.map((line) => splitCode(line.trimEnd()).code as MessageCode);

test('a hit that Matomo cannot store leaves each message once, and the state that holds last', async () => {
  useFakeTime();
  const output = captureOutput();
  const transport = scriptedTransport();
  transport.answer((sent) => {
    const isPoisoned = transport.bodies.at(-1)?.requests.includes('?h=poison');
    return isPoisoned ? answer(500) : processed(sent);
  });
  const options = { ...DEFAULT_OPTIONS, scheduledDelayMillis: 0 };
  const delivery = new Delivery(options, transport, createDiagnostics(), () => 0);
  for (let i = 0; i < 99; i++) delivery.push(pending({ visitor: String(i) }));
  delivery.push(pending({ name: 'poison' }));
  await vi.advanceTimersByTimeAsync(10 * MINUTE);
  // After another hit is processed, it is tried alone once more; a hit after that proves that it is the cause.
  for (const name of ['a', 'b', 'c', 'd']) {
    delivery.push(pending({ visitor: name }));
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
  }
  expect(delivery.counters).toMatchObject({ tracked: 103, lost: { rejected: 1 } });
  const codes = codesOf(output);
  expect(new Set(codes)).toEqual(new Set(['rolled-back', 'available-again', 'rejected']));
  expect(codes.length).toBeLessThanOrEqual(8);
  expect(codes.filter((code) => code !== 'rejected').at(-1)).toBe('available-again');
});

test('a code has a line a minute, with its latest message, whatever the wall clock does', () => {
  useFakeTime();
  const output = captureOutput();
  const { warn } = createDiagnostics();
  warn(coded('not-attached', 'one'));
  vi.setSystemTime(Date.UTC(2026, 10, 20, 11));
  for (let i = 0; i < 14; i++) warn(coded('not-attached', `another ${i}`));
  warn(coded('too-large', 'no plugin'));
  vi.advanceTimersByTime(MINUTE - 1);
  vi.setSystemTime(Date.UTC(2026, 10, 21));
  expect(output).toHaveLength(2);
  vi.advanceTimersByTime(1);
  vi.advanceTimersByTime(MINUTE);
  warn(coded('not-attached', 'the next'));
  const prefix = 'opentelemetry-matomo: ';
  expect(output).toEqual([
    `${prefix}one [not-attached]\n`,
    `${prefix}no plugin [too-large]\n`,
    `${prefix}another 13 [not-attached]\n`,
    `${prefix}the next [not-attached]\n`,
  ]);
});

test('at most six lines are written in a minute, and none is lost', () => {
  useFakeTime();
  const output = captureOutput();
  const { lines } = createDiagnostics();
  for (let i = 0; i < 20; i++) lines.change(`state ${i}`, () => `state ${i}`);
  expect(output).toHaveLength(6);
  vi.advanceTimersByTime(MINUTE);
  expect(output).toHaveLength(12);
  vi.advanceTimersByTime(2 * MINUTE);
  expect(output).toHaveLength(20);
});

test('what is lost has one line a minute with the sum, and the rest is written when the process ends', () => {
  useFakeTime();
  const output = captureOutput();
  const { lines } = createDiagnostics();
  const lose = (hits: number) => lines.add('lost', hits, (sum) => `${sum} lost`);
  for (let i = 0; i < 90; i++) {
    lose(2);
    vi.advanceTimersByTime(1000);
  }
  lines.flush();
  vi.advanceTimersByTime(MINUTE);
  const sums = output.map((line) => Number(/(\d+) lost/.exec(line)?.[1]));
  expect(sums).toEqual([2, 118, 60]);
});

test('errors, and warnings that come once, are never suppressed', () => {
  useFakeTime();
  const output = captureOutput();
  const { error, warn, warnOnce } = createDiagnostics();
  for (let i = 0; i < 3; i++) error(coded('environment-invalid', `variable ${i}`));
  warn(coded('rejected', 'a hit'));
  for (const key of ['a', 'a', 'b']) warnOnce(key, coded('rejected', `a hit of ${key}`));
  vi.advanceTimersByTime(10 * MINUTE);
  expect(output.map((line) => line.slice('opentelemetry-matomo: '.length).trimEnd())).toEqual([
    'variable 0 [environment-invalid]',
    'variable 1 [environment-invalid]',
    'variable 2 [environment-invalid]',
    'a hit [rejected]',
    'a hit of a [rejected]',
    'a hit of b [rejected]',
  ]);
});

test('what is suppressed keeps neither the process alive nor the context of a request', () => {
  captureOutput();
  const requests = new AsyncLocalStorage<string>();
  const { warn } = createDiagnostics();
  const contexts: unknown[] = [];
  const spy = vi.spyOn(globalThis, 'setTimeout').mockImplementation(((...given: unknown[]) => {
    contexts.push(requests.getStore());
    spy.mockRestore();
    return setTimeout(...(given as Parameters<typeof setTimeout>));
  }) as never);
  onTestFinished(() => spy.mockRestore());
  const timeouts = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout');
  const before = timeouts();
  requests.run('a request', () => {
    for (let i = 0; i < 2; i++) warn(coded('unavailable', 'down'));
  });
  expect(contexts).toEqual([undefined]);
  expect(timeouts()).toEqual(before);
});
