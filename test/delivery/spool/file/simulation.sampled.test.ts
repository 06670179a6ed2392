import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { sampled } from '../../../support/long.js';
import { isChatbot } from '../../../support/named-hits.js';
import { seededRuns } from '../../../support/seed.js';
import { checkMachine } from '../../simulated/check-machine.js';
import { CLOCK_STEPS_MILLIS, stepWallClock } from '../../simulated/clock-steps.js';
import { SimulatedMachine, VISITORS } from '../../simulated/simulated-machine.js';
import { FAULTS, HALVING } from '../../simulated/simulated-matomo.js';
import type { SimulatedProcess } from '../../simulated/simulated-process.js';
import { stepOf } from '../../simulated/step-of.js';

vi.mock('node:fs/promises', async () => {
  const { simulatedPromises } = await import('../../simulated/simulated-disk.js');
  return simulatedPromises;
});
vi.mock('node:fs', async (importOriginal) => {
  const { simulatedReadFileSync } = await import('../../simulated/simulated-proc.js');
  return { ...(await importOriginal<object>()), readFileSync: simulatedReadFileSync };
});
vi.mock('node:timers/promises', () => ({
  setImmediate: () => new Promise((resolve) => setImmediate(resolve)), // vitest leaves this one real
}));

const HISTORIES = sampled(60, 4_000);
const MOST_PROCESSES = 3;

const which = fc.nat(MOST_PROCESSES - 1);
/** What has `.bot` in its name is for Matomo's AI chatbot reports, which leaves in bulks of its own. */
const name = fc.oneof(
  { weight: 6, arbitrary: fc.constant('hit') },
  { weight: 1, arbitrary: fc.constant('invalid') },
  { weight: 1, arbitrary: fc.constant('poison') },
  { weight: 3, arbitrary: fc.constantFrom('hit.bot', 'hit.bot', 'invalid.bot', 'poison.bot') },
);

/** Of hits besides a page view. */
const further = fc.array(fc.constantFrom('hit', 'hit', 'hit', 'hit', 'invalid', 'poison'), {
  minLength: 1,
  maxLength: 4,
});

const step = fc.oneof(
  stepOf(6, 'hits', { which, names: fc.array(name, { minLength: 1, maxLength: 8 }) }),
  stepOf(4, 'request', { which, further }),
  stepOf(1, 'begin', { which, further: further.map((names) => names.map((one) => `${one}.late`)) }),
  stepOf(1, 'end', { which }),
  stepOf(6, 'wait', { millis: fc.constantFrom(3, 30, 200, 700, 1500) }),
  stepOf(2, 'fault', { fault: fc.constantFrom(...FAULTS) }),
  stepOf(1, 'disk', { fault: fc.constantFrom('none', 'full', 'failing', 'hanging') }),
  stepOf(1, 'clock', { millis: fc.constantFrom(...CLOCK_STEPS_MILLIS) }),
  stepOf(1, 'flush', { which }),
  stepOf(2, 'start', {}),
  stepOf(1, 'hang', { which, millis: fc.constantFrom(300, 6000) }),
  stepOf(1, 'shutdown', { which }),
  stepOf(2, 'kill', { which, afterOperations: fc.oneof(fc.constant(0), fc.nat(60)) }),
);

const history = fc.record({
  steps: fc.array(step, { minLength: 3, maxLength: 15 }),
  seed: fc.nat(),
  hasToken: fc.boolean(),
  maxExportBatchSize: fc.constantFrom(1, 3, 7, 100),
  maxQueueSize: fc.constantFrom(10, 1000),
  maxSpoolBytes: fc.constantFrom(8_000, 1e9),
  mostInABulk: fc.constantFrom(2, 5, 1000),
  slowestMillis: fc.constantFrom(0, 0, 1, 20),
  isContained: fc.integer({ min: 0, max: 29 }).map((n) => n === 29),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

const SIZES = {
  seed: 0,
  hasToken: false,
  maxQueueSize: 10,
  maxSpoolBytes: 8000,
  mostInABulk: 2,
  isContained: false,
} as const;

/** A disk that two processes share hangs for longer than one may stand still. */
const HANGING_FOR_TWO: History = {
  ...SIZES,
  maxExportBatchSize: 3,
  slowestMillis: 1,
  steps: [
    { kind: 'start' },
    { kind: 'hits', which: 0, names: ['hit'] },
    { kind: 'wait', millis: 700 },
    { kind: 'disk', fault: 'hanging' },
    { kind: 'wait', millis: 700 },
    { kind: 'wait', millis: 1500 },
    { kind: 'wait', millis: 700 },
    { kind: 'wait', millis: 1500 },
  ],
};

/** A full disk takes some hits of many, and no more come. */
const WRITTEN_IN_PART: History = {
  ...SIZES,
  maxExportBatchSize: 1,
  slowestMillis: 0,
  steps: [
    { kind: 'hits', which: 0, names: ['hit'] },
    { kind: 'flush', which: 0 },
    { kind: 'hits', which: 0, names: ['hit'] },
    { kind: 'wait', millis: 1500 },
    { kind: 'disk', fault: 'full' },
    { kind: 'hits', which: 0, names: ['hit', 'hit', 'hit'] },
    { kind: 'wait', millis: 3 },
    { kind: 'wait', millis: 3 },
    { kind: 'flush', which: 0 },
  ],
};

/** Matomo is turned off while a hit is looked for that rolls its bulk back. */
const OFF_WHILE_HALVING: History = {
  ...SIZES,
  seed: 346321148,
  maxExportBatchSize: 1,
  slowestMillis: 1,
  steps: [
    { kind: 'hits', which: 0, names: ['hit', 'poison'] },
    { kind: 'disk', fault: 'full' },
    { kind: 'hits', which: 0, names: ['hit'] },
    { kind: 'wait', millis: 1500 },
    { kind: 'flush', which: 0 },
    { kind: 'wait', millis: 200 },
    { kind: 'fault', fault: 'tracker off' },
    { kind: 'wait', millis: 1500 },
    { kind: 'hits', which: 0, names: ['hit'] },
  ],
};

/** A hit is made after the wall clock is set back, and read by an expiry that was asked for before. */
const SET_BACK_WHILE_HANGING: History = {
  ...SIZES,
  seed: 337470119,
  maxExportBatchSize: 1,
  slowestMillis: 20,
  steps: [
    { kind: 'hits', which: 0, names: ['hit'] },
    { kind: 'hang', which: 0, millis: 300 },
    { kind: 'wait', millis: 1500 },
    { kind: 'hang', which: 0, millis: 300 },
    { kind: 'clock', millis: -3_456_000_000 },
    { kind: 'wait', millis: 3 },
    { kind: 'hits', which: 0, names: ['hit'] },
  ],
};

/** A database that flickers makes good hits fail alone, another is processed, and they fail alone again. */
const FLICKERING_WITH_LONE_HITS: History = {
  ...SIZES,
  maxExportBatchSize: 1,
  slowestMillis: 0,
  steps: [
    { kind: 'hits', which: 0, names: ['hit', 'hit', 'hit', 'hit'] },
    { kind: 'start' },
    { kind: 'disk', fault: 'failing' },
    { kind: 'hits', which: 1, names: ['hit', 'hit', 'hit'] },
    { kind: 'flush', which: 0 },
    { kind: 'fault', fault: 'flickering database' },
    { kind: 'start' },
    { kind: 'wait', millis: 1500 },
    { kind: 'wait', millis: 1500 },
  ],
};

/** A `Retry-After` names a date that a clock that was set back has not reached by far: the sender waits an hour. */
const RETRY_AFTER_SET_BACK: History = {
  ...SIZES,
  seed: 695516427,
  maxExportBatchSize: 1,
  slowestMillis: 0,
  steps: [
    { kind: 'hits', which: 0, names: ['hit', 'hit'] },
    { kind: 'start' },
    { kind: 'clock', millis: -3_456_000_000 },
    { kind: 'kill', which: 0, afterOperations: 5 },
    { kind: 'fault', fault: 'odd Retry-After' },
    { kind: 'wait', millis: 1500 },
    { kind: 'hits', which: 0, names: ['hit'] },
    { kind: 'wait', millis: 200 },
    { kind: 'wait', millis: 700 },
  ],
};

/** While the disk hangs a hit is sent from memory, before older ones that are being written, and stored under a 502. Then it is spooled. */
const SPOOLED_AFTER_BAD_GATEWAY: History = {
  ...SIZES,
  maxExportBatchSize: 1,
  slowestMillis: 0,
  steps: [
    { kind: 'hang', which: 0, millis: 6000 },
    { kind: 'hits', which: 0, names: ['hit'] },
    { kind: 'wait', millis: 1500 },
    { kind: 'hits', which: 0, names: ['hit', 'hit'] },
    { kind: 'fault', fault: 'bad gateway after storing' },
    { kind: 'wait', millis: 700 },
    { kind: 'hits', which: 0, names: ['hit'] },
    { kind: 'wait', millis: 1500 },
    { kind: 'hits', which: 0, names: ['hit'] },
    { kind: 'fault', fault: 'none' },
  ],
};

/** A process whose disk is full for some time begins its journal at each beat. What it leaves must not keep others from looking. */
const FULL_FROM_THE_START: History = {
  ...SIZES,
  maxExportBatchSize: 1,
  slowestMillis: 20,
  steps: [
    { kind: 'disk', fault: 'full' },
    { kind: 'wait', millis: 200 },
    { kind: 'start' },
    { kind: 'wait', millis: 700 },
    { kind: 'wait', millis: 1500 },
    { kind: 'start' },
    { kind: 'clock', millis: -3_600_000 },
    { kind: 'wait', millis: 700 },
  ],
};

/** A disk fails after a write, so that nobody can say whether the journal is still there. What was written must not stay. */
const UNKNOWN_AFTER_A_WRITE: History = {
  ...SIZES,
  seed: 1_508_241_794,
  hasToken: true,
  maxExportBatchSize: 1,
  mostInABulk: 2,
  slowestMillis: 20,
  steps: [
    { kind: 'hits', which: 0, names: ['hit', 'poison', 'invalid', 'hit'] },
    { kind: 'start' },
    { kind: 'wait', millis: 3 },
    { kind: 'start' },
    { kind: 'shutdown', which: 0 },
    { kind: 'disk', fault: 'failing' },
    { kind: 'wait', millis: 700 },
    { kind: 'fault', fault: 'none' },
    { kind: 'request', which: 0, further: ['hit'] },
    { kind: 'request', which: 0, further: ['hit'] },
  ],
};

/** A process is killed while it writes the end of a range of decided lines. What is there of it must not hide the ranges before. */
const KILLED_IN_A_RANGE: History = {
  ...SIZES,
  seed: 668_031_086,
  hasToken: false,
  maxExportBatchSize: 100,
  mostInABulk: 1000,
  slowestMillis: 0,
  steps: [
    { kind: 'kill', which: 0, afterOperations: 55 },
    { kind: 'begin', which: 0, further: ['hit.late', 'hit.late', 'invalid.late'] },
    { kind: 'hits', which: 0, names: ['hit', 'poison', 'hit'] },
    { kind: 'fault', fault: 'some lost inside' },
    { kind: 'begin', which: 0, further: ['hit.late'] },
    { kind: 'hits', which: 0, names: ['invalid.bot'] },
    { kind: 'wait', millis: 700 },
    { kind: 'request', which: 0, further: ['hit'] },
    { kind: 'request', which: 0, further: ['hit'] },
    { kind: 'hits', which: 0, names: ['hit'] },
  ],
};

/** The disk hangs at a shutdown, and writes what was begun after the hits were counted as lost. */
const WRITTEN_AFTER_THE_SHUTDOWN: History = {
  ...SIZES,
  maxExportBatchSize: 1,
  slowestMillis: 0,
  steps: [
    { kind: 'request', which: 0, further: ['hit'] },
    { kind: 'disk', fault: 'hanging' },
    { kind: 'shutdown', which: 0 },
    { kind: 'wait', millis: 700 },
    { kind: 'wait', millis: 1500 },
    { kind: 'hits', which: 0, names: ['hit.bot'] },
    { kind: 'fault', fault: 'none' },
    { kind: 'hits', which: 0, names: ['hit'] },
  ],
};

/** A process stands still after it has written a hit, and before it looks whether its journal is still there: another one has taken it over. */
const TAKEN_OVER_WHILE_STORING: History = {
  ...SIZES,
  seed: 3_967_582,
  maxExportBatchSize: 3,
  slowestMillis: 20,
  steps: [
    { kind: 'hits', which: 0, names: ['poison'] },
    { kind: 'hits', which: 0, names: ['hit.bot'] },
    { kind: 'wait', millis: 700 },
    { kind: 'begin', which: 0, further: ['hit.late'] },
    { kind: 'shutdown', which: 0 },
    { kind: 'wait', millis: 30 },
    { kind: 'hang', which: 0, millis: 6000 },
    { kind: 'clock', millis: -3_600_000 },
    { kind: 'wait', millis: 3 },
  ],
};

/** A write fails after its hits are on the disk, and so does cutting them off. They are lost from memory, where they have stayed. */
const NOT_CUT_OFF: History = {
  ...SIZES,
  seed: 1_713_037_191,
  maxExportBatchSize: 1,
  slowestMillis: 0,
  steps: [
    { kind: 'fault', fault: 'tracker off' },
    { kind: 'disk', fault: 'failing' },
    { kind: 'request', which: 0, further: ['hit'] },
    { kind: 'shutdown', which: 0 },
    { kind: 'wait', millis: 700 },
  ],
};

/** A process stands still while it writes its last hits, and ends. It stores again what it could not send. */
const WRITTEN_TWICE_AT_THE_END: History = {
  ...SIZES,
  maxExportBatchSize: 1,
  slowestMillis: 0,
  steps: [
    { kind: 'hang', which: 0, millis: 6000 },
    { kind: 'start' },
    { kind: 'hang', which: 1, millis: 6000 },
    { kind: 'wait', millis: 3 },
    { kind: 'hits', which: 1, names: ['hit', 'hit.bot'] },
    { kind: 'wait', millis: 3 },
  ],
};

test(`in ${HISTORIES} histories of processes that share a spool every hit is accounted for at every step, and stored once unless a kill duplicated it`, async () => {
  try {
    await fc.assert(fc.asyncProperty(history, live), {
      ...seededRuns(HISTORIES),
      examples: [
        [HANGING_FOR_TWO],
        [WRITTEN_IN_PART],
        [OFF_WHILE_HALVING],
        [SET_BACK_WHILE_HANGING],
        [FLICKERING_WITH_LONE_HITS],
        [RETRY_AFTER_SET_BACK],
        [SPOOLED_AFTER_BAD_GATEWAY],
        [FULL_FROM_THE_START],
        [UNKNOWN_AFTER_A_WRITE],
        [KILLED_IN_A_RANGE],
        [WRITTEN_AFTER_THE_SHUTDOWN],
        [TAKEN_OVER_WHILE_STORING],
        [NOT_CUT_OFF],
        [WRITTEN_TWICE_AT_THE_END],
      ],
    });
  } finally {
    vi.useRealTimers();
  }
}, 600_000);

test.each([
  ['has just begun to hang', 400, 0],
  ['hangs', 3_000, 4],
])('while the disk %s, hits are sent from memory, at a shutdown all', async (_, millis, before) => {
  try {
    const sizes = { ...SIZES, maxQueueSize: 1000, maxExportBatchSize: 3, slowestMillis: 0 };
    const machine = new SimulatedMachine(sizes);
    const process = machine.start();
    await machine.wait(700);
    machine.stall();
    machine.hit(process);
    await machine.wait(200); // it is being written
    for (let more = 0; more < 4; more++) machine.hit(process);
    await machine.wait(millis);
    expect(machine.matomo.stored.size).toBe(before);
    process.shutDown();
    await machine.wait(1500);
    expect(machine.matomo.stored.size).toBe(5);
    expect(process.account).toMatchObject({ pending: 0, counters: { lost: { shutdown: 0 } } });
  } finally {
    vi.useRealTimers();
  }
});

async function live(simulated: History): Promise<void> {
  const { steps, ...options } = simulated;
  const machine = new SimulatedMachine(options);
  machine.start();
  for (const next of steps) {
    take(next, machine);
    await machine.wait(next.kind === 'wait' ? next.millis : 0);
  }
  await machine.recover();
  checkMachine(machine);
  if (isInOrder(simulated) && !machine.hasFailed) checkOrder(machine);
}

function take(next: Step, machine: SimulatedMachine): void {
  const { alive } = machine;
  if (next.kind === 'fault') machine.matomo.fault = next.fault;
  if (next.kind === 'clock') stepWallClock(next.millis);
  if (next.kind === 'disk') {
    machine.repairDisk();
    if (next.fault === 'full') machine.fill(Math.floor(machine.random() * 300));
    if (next.fault === 'hanging') machine.stall();
    if (next.fault === 'failing') machine.fail(() => machine.random() < 0.3);
  }
  if (next.kind === 'start' && alive.length < MOST_PROCESSES) machine.start();
  const chosen = 'which' in next ? alive[next.which % alive.length] : undefined;
  if (chosen) takeBy(chosen, next, machine);
}

function takeBy(process: SimulatedProcess, next: Step, machine: SimulatedMachine): void {
  if (next.kind === 'flush') process.flush();
  if (next.kind === 'shutdown') process.shutDown();
  if (next.kind === 'hang') process.hang(next.millis);
  if (next.kind === 'kill' && next.afterOperations > 0)
    process.operationsLeft = next.afterOperations;
  if (next.kind === 'kill' && next.afterOperations === 0) process.die();
  if (next.kind === 'request') machine.request(process, next.further);
  if (next.kind === 'begin') machine.begin(process, next.further);
  if (next.kind === 'end') machine.end(process);
  if (next.kind === 'hits') for (const name of next.names) machine.hit(process, name);
}

/** Whether nothing makes a process try parts of a bulk by themselves, or the newest first, or see hits in another order. */
function isInOrder({ steps, hasToken }: History): boolean {
  const text = JSON.stringify(steps);
  const isPoisoned = text.includes('poison') || (hasToken && text.includes('invalid'));
  const isHalved = steps.some((next) => next.kind === 'fault' && HALVING.includes(next.fault));
  // Hits leave in the order of their times, which a step back changes.
  const isSteady = steps.every((next) => next.kind !== 'clock' || next.millis > 0);
  return !isPoisoned && !isHalved && isSteady;
}

/** What came through the spool of a process, and was sent only from there and once, was stored in its order for each visitor and kind. */
function checkOrder(machine: SimulatedMachine): void {
  const { matomo, processes, written, mayBeDoubled, storedBeforeWritten } = machine;
  const places = new Map([...matomo.stored.keys()].map((name, place) => [name, place]));
  const numberOf = (name: string) => Number(name.split('-')[1]);
  const isOrdered = (name: string) =>
    name.startsWith('hit') &&
    !name.startsWith('hit.late') &&
    places.has(name) &&
    written.has(name) &&
    !mayBeDoubled.has(name) &&
    !storedBeforeWritten.has(name);
  for (const { hits } of processes) {
    const groupOf = (name: string) => `${numberOf(name) % VISITORS} ${isChatbot(name)}`;
    const ordered = hits.filter(isOrdered);
    for (const group of new Set(ordered.map(groupOf))) {
      const names = ordered.filter((name) => groupOf(name) === group);
      const inOrder = names.map((name) => places.get(name) as number);
      expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
    }
  }
}
