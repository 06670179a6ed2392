import './simulated/simulated-modules.js';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Delivery } from '../../src/delivery/delivery.js';
import type { DeliveryCounters } from '../../src/delivery/queue/counters.js';
import { createRandom } from '../support/create-random.js';
import { DEFAULT_OPTIONS } from '../support/default-options.js';
import { pending } from '../support/delivery.js';
import { diagnosticsTo } from '../support/diagnostics.js';
import { sampled } from '../support/long.js';
import { answer } from '../support/scripted-transport.js';
import { SimulatedMachine } from './simulated/simulated-machine.js';
import { POISONS, type Poison, SimulatedMatomo } from './simulated/simulated-matomo.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 20, 12) });
  onTestFinished(() => {
    vi.clearAllTimers();
    vi.useRealTimers();
  });
});

/** A process that sends hits to a Matomo, with or without a spool. */
interface Process {
  readonly matomo: SimulatedMatomo;
  readonly logged: readonly string[];
  readonly counters: DeliveryCounters;
  readonly pending: number;
  push(name: string): void;
  wait(millis: number): Promise<void>;
}

const SIZES = { maxExportBatchSize: 100, maxQueueSize: 20_000 };

function inMemory(sizes = SIZES): Process {
  const matomo = new SimulatedMatomo(1000);
  const logged: string[] = [];
  const delivery = new Delivery(
    { ...DEFAULT_OPTIONS, ...sizes, tokenAuth: 't' },
    matomo,
    diagnosticsTo((line) => void logged.push(line)),
    () => 0.5,
  );
  let made = 0;
  return {
    matomo,
    logged,
    counters: delivery.counters,
    get pending() {
      return delivery.pending;
    },
    push(name) {
      made += 1;
      delivery.push(pending({ name: `${name}-${made}`, visitor: String(made) }));
    },
    async wait(millis) {
      await vi.advanceTimersByTimeAsync(millis);
    },
  };
}

function withSpool(sizes = SIZES): Process {
  const machine = new SimulatedMachine({
    ...sizes,
    seed: 1,
    slowestMillis: 0,
    mostInABulk: 1000,
    isContained: false,
    hasToken: true,
    maxSpoolBytes: 1e9,
    scheduledDelayMillis: 5000,
  });
  const process = machine.start();
  return {
    matomo: machine.matomo,
    logged: process.logged,
    get counters() {
      return process.account.counters;
    },
    get pending() {
      return process.account.pending;
    },
    push: (name) => machine.hit(process, name),
    wait: (millis) => machine.wait(millis),
  };
}

/** Waits until a number of hits is tracked, and returns how long that took. */
async function untilTracked(process: Process, hits: number): Promise<number> {
  const begun = performance.now();
  while (process.counters.tracked < hits && performance.now() - begun < HOUR)
    await process.wait(100);
  return performance.now() - begun;
}

/** Others, until the process has decided about all hits. */
async function pushUntilDecided(process: Process): Promise<void> {
  for (let i = 0; i < 200 && process.pending > 0; i++) {
    process.push('hit');
    await process.wait(10_000);
  }
}

const WAYS = [
  ['memory', inMemory],
  ['a spool', withSpool],
] as const;

const POISON_KINDS = Object.keys(POISONS) as Poison[];

describe.each(WAYS)('from %s', (way, start) => {
  // A spool takes many times as long, and what is done about a failed bulk does not depend on where its hits come from.
  const rows = <Row>(all: readonly Row[], ofSpool: number): readonly Row[] =>
    way === 'memory' ? all : sampled(all.slice(0, ofSpool), all);

  test.each(rows(POISON_KINDS, 1))(
    'one hit alone, %s, is never rejected, and no other waits for it',
    async (poison) => {
      const process = start();
      process.push(poison);
      await process.wait(HOUR / 4);
      expect(process).toMatchObject({ pending: 1, counters: { lost: { rejected: 0 } } });
      expect(process.matomo.bulks).toBeLessThan(20);
      process.push('hit');
      expect(await untilTracked(process, 1)).toBeLessThanOrEqual(6000);
      await pushUntilDecided(process);
      expect(process).toMatchObject({ pending: 0, counters: { lost: { rejected: 1 } } });
      expect(process.logged.filter((line) => line.includes('[rejected]'))).toEqual([
        expect.stringMatching(/^1 hit .*\[rejected\]$/),
      ]);
    },
  );

  test.each(rows(POISON_KINDS, 2))(
    'of 300 hits with one %s, the others are tracked within 30 requests',
    async (poison) => {
      const process = start();
      for (let i = 0; i < 300; i++) process.push(i === 120 ? poison : 'hit');
      await untilTracked(process, 299);
      expect(process.matomo.bulks).toBeLessThanOrEqual(30);
      await pushUntilDecided(process);
      expect(process).toMatchObject({ pending: 0, counters: { lost: { rejected: 1 } } });
      expect(process.matomo.stored.size - process.counters.tracked).toBe(0);
    },
  );

  test('of 600 hits with twelve bad ones, the others are tracked within a minute', async () => {
    const process = start();
    for (let i = 0; i < 600; i++)
      process.push(i % 50 === 7 ? (POISON_KINDS[i % POISON_KINDS.length] as string) : 'hit');
    expect(await untilTracked(process, 588)).toBeLessThanOrEqual(MINUTE);
    await pushUntilDecided(process);
    expect(process).toMatchObject({ pending: 0, counters: { lost: { rejected: 12 } } });
  });

  test('with 1 % bad hits among 20 a second, the others are tracked within ten seconds at p99', async () => {
    const process = start();
    const random = createRandom(7);
    const madeMillis: number[] = [];
    const delays: number[] = [];
    let bad = 0;
    for (let tick = 0; tick < 6 * 60 * 20; tick++) {
      const isBad = random() < 0.01;
      if (isBad) bad += 1;
      else madeMillis.push(performance.now());
      process.push(isBad ? 'poison403' : 'hit');
      await process.wait(50);
      // Matomo tracks the hits nearly in their order.
      while (delays.length < process.counters.tracked)
        delays.push(performance.now() - (madeMillis[delays.length] as number));
    }
    const sorted = delays.toSorted((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length * 0.99)]).toBeLessThan(10_000);
    expect(process.counters.lost.rejected).toBeGreaterThan(bad / 3);
  });

  const scanners = [
    [20, 60, 0.3],
    [20, 5, 1],
    [100, 10, 0.3],
    [5, 600, 0.3],
  ] as const;
  test.each(rows(scanners, 1))(
    'while a scanner sends %i hits a second for %i s, of which a firewall rejects the part %d, the others are tracked within a minute',
    async (rate, seconds, part) => {
      const process = start();
      const random = createRandom(5);
      const madeMillis: number[] = [];
      const delays: number[] = [];
      const push = (name: string) => {
        process.push(name);
        if (name === 'hit') madeMillis.push(performance.now());
      };
      for (let tick = 0; tick < (seconds + 120) * 2; tick++) {
        push('hit');
        const scanned = tick < seconds * 2 ? rate / 2 : 0;
        for (let i = 0; i < scanned; i++) push(random() < part ? 'poison403' : 'hit');
        await process.wait(500);
        // Matomo tracks the hits nearly in their order.
        while (delays.length < process.counters.tracked)
          delays.push(performance.now() - (madeMillis[delays.length] as number));
      }
      const sorted = delays.toSorted((a, b) => a - b);
      expect(sorted.at(-1)).toBeLessThan(MINUTE);
      expect(process.counters.tracked).toBeGreaterThan(madeMillis.length - 60);
    },
  );

  test.each(rows([100, 1500], 1))(
    'after %i invalid hits in a row, others wait at most for ten minutes',
    async (count) => {
      const process = start();
      for (let i = 0; i < 10; i++) process.push('hit');
      await process.wait(MINUTE);
      for (let i = 0; i < count; i++) process.push('invalid');
      let most = 0;
      const steps = way === 'memory' ? 360 : sampled(120, 360);
      for (let i = 0; i < steps; i++) {
        process.push('hit');
        await process.wait(10_000);
        most = Math.max(most, 10 + i - process.counters.tracked);
      }
      expect(most).toBeLessThan(70); // ten minutes
    },
  );

  test.each(rows([10, 1], 1))(
    'while the queue is full of bad hits in bulks of up to %i, others are tracked',
    async (max) => {
      const process = start({ maxQueueSize: 20, maxExportBatchSize: max });
      for (let i = 0; i < 30; i++) process.push('poison403');
      await process.wait(MINUTE);
      const minutes = way === 'memory' ? 100 : sampled(25, 100);
      for (let i = 0; i < minutes; i++) {
        process.push('hit');
        await process.wait(MINUTE);
      }
      expect(process.counters.tracked).toBeGreaterThan(minutes * 0.6);
    },
  );

  test(`500 for everything, with many hits queued, costs few bulks and rejects none`, async () => {
    const process = start();
    process.matomo.answersFirst = () => answer(500);
    const hits = way === 'memory' ? 10_000 : 1000;
    for (let i = 0; i < hits; i++) process.push('hit');
    await process.wait(way === 'memory' ? 12 * HOUR : HOUR / 2);
    expect(process.matomo.bulks).toBeLessThanOrEqual(way === 'memory' ? 110 : 25);
    expect(process).toMatchObject({ pending: hits, counters: { lost: { rejected: 0 } } });
    process.matomo.answersFirst = () => undefined;
    expect(await untilTracked(process, hits)).toBeLessThan(HOUR / 2);
  });

  test('a server that answers 500 to 80 % at random has at most 0.1 % rejected', async () => {
    const process = start();
    const random = createRandom(11);
    process.matomo.answersFirst = () => (random() < 0.8 ? answer(500) : undefined);
    const minutes = way === 'memory' ? 240 : sampled(10, 30);
    for (let second = 0; second < minutes * 60; second++) {
      process.push('hit');
      await process.wait(1000);
    }
    const { rejected } = process.counters.lost;
    expect(process.counters.tracked).toBeGreaterThan(minutes * 5);
    expect(rejected / (minutes * 60)).toBeLessThanOrEqual(0.001);
  });
});
