import '../../simulated/simulated-modules.js';
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
import { stepOf, stepsIn } from '../../simulated/step-of.js';

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

const STEPS = [
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
] as const;
const step = fc.oneof(...STEPS);

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
  maxExportBatchSize: 1,
  maxQueueSize: 10,
  maxSpoolBytes: 8000,
  mostInABulk: 2,
  slowestMillis: 0,
  isContained: false,
} as const;

/** What histories that were hard have besides `SIZES`, and their steps. */
const EXAMPLES: readonly (readonly [Partial<History>, string])[] = [
  // A disk that two processes share hangs for longer than one may stand still.
  [
    { maxExportBatchSize: 3, slowestMillis: 1 },
    'start, hits 0 hit, wait 700, disk hanging, wait 700, wait 1500, wait 700, wait 1500',
  ],
  // A full disk takes some hits of many, and no more come.
  [
    {},
    `hits 0 hit, flush 0, hits 0 hit, wait 1500, disk full, hits 0 hit hit hit, wait 3,
      wait 3, flush 0`,
  ],
  // Matomo is turned off while a hit is looked for that rolls its bulk back.
  [
    { seed: 346_321_148, slowestMillis: 1 },
    `hits 0 hit poison, disk full, hits 0 hit, wait 1500, flush 0, wait 200,
      fault tracker off, wait 1500, hits 0 hit`,
  ],
  // A hit is made after the wall clock is set back, and read by an expiry that was asked for before.
  [
    { seed: 337_470_119, slowestMillis: 20 },
    'hits 0 hit, hang 0 300, wait 1500, hang 0 300, clock -3456000000, wait 3, hits 0 hit',
  ],
  // A database that flickers makes good hits fail alone, another is processed, and they fail alone again.
  [
    {},
    `hits 0 hit hit hit hit, start, disk failing, hits 1 hit hit hit, flush 0,
      fault flickering database, start, wait 1500, wait 1500`,
  ],
  // A `Retry-After` names a date that a clock that was set back has not reached by far: the sender waits an hour.
  [
    { seed: 695_516_427 },
    `hits 0 hit hit, start, clock -3456000000, kill 0 5, fault odd Retry-After, wait 1500,
      hits 0 hit, wait 200, wait 700`,
  ],
  // While the disk hangs a hit is sent from memory, before older ones that are being written, and stored under a 502. Then it is spooled.
  [
    {},
    `hang 0 6000, hits 0 hit, wait 1500, hits 0 hit hit, fault bad gateway after storing,
      wait 700, hits 0 hit, wait 1500, hits 0 hit, fault none`,
  ],
  // A process whose disk is full for some time begins its journal at each beat. What it leaves must not keep others from looking.
  [
    { slowestMillis: 20 },
    'disk full, wait 200, start, wait 700, wait 1500, start, clock -3600000, wait 700',
  ],
  // A disk fails after a write, so that nobody can say whether the journal is still there. What was written must not stay.
  [
    { seed: 1_508_241_794, hasToken: true, slowestMillis: 20 },
    `hits 0 hit poison invalid hit, start, wait 3, start, shutdown 0, disk failing,
      wait 700, fault none, request 0 hit, request 0 hit`,
  ],
  // A process is killed while it writes the end of a range of decided lines. What is there of it must not hide the ranges before.
  [
    { seed: 668_031_086, mostInABulk: 1000, maxExportBatchSize: 100 },
    `kill 0 55, begin 0 hit.late hit.late invalid.late, hits 0 hit poison hit,
      fault some lost inside, begin 0 hit.late, hits 0 invalid.bot, wait 700, request 0 hit,
      request 0 hit, hits 0 hit`,
  ],
  // The disk hangs at a shutdown, and writes what was begun after the hits were counted as lost.
  [
    {},
    `request 0 hit, disk hanging, shutdown 0, wait 700, wait 1500, hits 0 hit.bot,
      fault none, hits 0 hit`,
  ],
  // A process stands still after it has written a hit, and before it looks whether its journal is still there: another one has taken it over.
  [
    { seed: 3_967_582, maxExportBatchSize: 3, slowestMillis: 20 },
    `hits 0 poison, hits 0 hit.bot, wait 700, begin 0 hit.late, shutdown 0, wait 30,
      hang 0 6000, clock -3600000, wait 3`,
  ],
  // A write fails after its hits are on the disk, and so does cutting them off. They are lost from memory, where they have stayed.
  [{ seed: 1_713_037_191 }, 'fault tracker off, disk failing, request 0 hit, shutdown 0, wait 700'],
  // A process stands still while it writes its last hits, and ends. It stores again what it could not send.
  [{}, 'hang 0 6000, start, hang 1 6000, wait 3, hits 1 hit hit.bot, wait 3'],
];

test(`in ${HISTORIES} histories of processes that share a spool every hit is accounted for at every step, and stored once unless a kill duplicated it`, async () => {
  try {
    await fc.assert(fc.asyncProperty(history, live), {
      ...seededRuns(HISTORIES),
      examples: EXAMPLES.map(([sizes, steps]) => [
        { ...SIZES, ...sizes, steps: stepsIn<Step>(steps, STEPS) },
      ]),
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
    const sizes = { ...SIZES, maxQueueSize: 1000, maxExportBatchSize: 3 };
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
