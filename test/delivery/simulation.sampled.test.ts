import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { Delivery } from '../../src/delivery/delivery.js';
import type { Transport } from '../../src/delivery/http/transport.js';
import { DEFAULT_OPTIONS } from '../support/default-options.js';
import { accountedFor, pending } from '../support/delivery.js';
import { silentDiagnostics } from '../support/diagnostics.js';
import { sampled } from '../support/long.js';
import { seededRuns } from '../support/seed.js';
import { CLOCK_STEPS_MILLIS, restartClocks, stepWallClock } from './simulated/clock-steps.js';
import { Pace } from './simulated/pace.js';
import {
  FAULTS,
  HALVING,
  POISONS,
  type Poison,
  SimulatedMatomo,
} from './simulated/simulated-matomo.js';
import { type SimulatedRequest, SimulatedRequests } from './simulated/simulated-requests.js';
import { stepOf, stepsIn } from './simulated/step-of.js';

const HISTORIES = sampled(60, 10_000);
const SCHEDULED_DELAY_MILLIS = 1000;

const poison = fc.constantFrom(...(Object.keys(POISONS) as Poison[]));

/** What has `.bot` in its name is for Matomo's AI chatbot reports, which leaves in bulks of its own. */
const name = fc.oneof(
  { weight: 5, arbitrary: fc.constant('hit') },
  { weight: 1, arbitrary: fc.constant('invalid') },
  { weight: 1, arbitrary: poison },
  { weight: 3, arbitrary: fc.constantFrom('hit.bot', 'hit.bot', 'invalid.bot', 'poison.bot') },
);

/** Of a hit besides a page view. */
const furtherName = fc.constantFrom('hit', 'hit', 'hit', 'hit', 'invalid', 'poison');

const STEPS = [
  stepOf(4, 'hits', { names: fc.array(name, { minLength: 1, maxLength: 8 }) }),
  stepOf(3, 'requests', {
    furthers: fc.array(fc.array(furtherName, { maxLength: 4 }), { minLength: 1, maxLength: 4 }),
  }),
  stepOf(1, 'begin', { further: fc.array(furtherName, { minLength: 1, maxLength: 4 }) }),
  stepOf(1, 'end', {}),
  stepOf(2, 'fault', { fault: fc.constantFrom(...FAULTS) }),
  stepOf(3, 'wait', { millis: fc.constantFrom(10, 30, 200, 1000, 5000, 60_000) }),
  stepOf(1, 'clock', { millis: fc.constantFrom(...CLOCK_STEPS_MILLIS) }),
  stepOf(1, 'flush', {}),
] as const;
const step = fc.oneof(...STEPS);

const history = fc.record({
  steps: fc.array(step, { minLength: 3, maxLength: 15 }),
  hasToken: fc.boolean(),
  maxExportBatchSize: fc.constantFrom(1, 3, 7, 100),
  maxQueueSize: fc.constantFrom(10, 1000),
  mostInABulk: fc.constantFrom(2, 5, 1000),
  ending: fc.constantFrom('recovery', 'shutdown'),
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

const SIZES = {
  hasToken: true,
  maxExportBatchSize: 1,
  maxQueueSize: 10,
  mostInABulk: 2,
  ending: 'recovery',
} as const;

/** What histories that were hard have besides `SIZES`, and their steps. */
const EXAMPLES: readonly (readonly [Partial<History>, string])[] = [
  // Tracking is switched on again after a poison hit failed because of that, and before it fails by itself.
  [{ hasToken: false }, 'hits poison, fault tracker off, wait 10, wait 10, wait 60000'],
  // After the last valid hit, more invalid ones are left than may be rejected before the back-off, in bulks that are too large.
  [{ maxExportBatchSize: 3 }, 'hits invalid invalid invalid hit, wait 10, hits invalid, hits hit'],
  // The queue is full of bulks that each have a hit that makes Matomo fail, and no new hit can be queued.
  [
    { maxExportBatchSize: 7, mostInABulk: 1000 },
    `hits poison poison.bot poison poison.bot poison invalid invalid hit, flush,
      begin poison hit, wait 10, hits hit.bot, hits hit`,
  ],
  // The first hit that Matomo reads is invalid, which looks like a rejected token, and the others failed before.
  [
    {},
    `hits hit hit hit hit hit hit hit hit hit, fault bad gateway after storing, wait 1000,
      fault none, hits invalid poison`,
  ],
  // All hits are bad, and as many as the queue may have: only others that are processed can show it.
  [
    {},
    `begin invalid invalid, requests hit invalid poison, fault closes connections,
      requests invalid invalid poison, wait 5000, hits invalid.bot invalid, requests invalid,
      hits hit`,
  ],
  // The same after so many failures that the server counts as unavailable.
  [
    { maxExportBatchSize: 7 },
    `requests hit hit / hit hit poison poison / poison poison /, wait 1000, hits poison.bot,
      hits invalid.bot poison poison invalid invalid.bot hit.bot, begin hit, wait 10`,
  ],
];

test(`in ${HISTORIES} histories of hits, faults and steps of the wall clock every hit is accounted for at every step, and none is stored twice`, async () => {
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

async function live(simulated: History) {
  const { steps, hasToken, mostInABulk, ending, ...sizes } = simulated;
  restartClocks();
  const matomo = new SimulatedMatomo(mostInABulk);
  const pace = new Pace();
  const delivery = new Delivery(
    {
      ...DEFAULT_OPTIONS,
      ...sizes,
      tokenAuth: hasToken ? 't' : undefined,
      scheduledDelayMillis: SCHEDULED_DELAY_MILLIS,
    },
    watched(matomo, pace),
    silentDiagnostics(),
    () => 0.5,
  );
  const requests = new SimulatedRequests(delivery);
  const running: SimulatedRequest[] = [];
  /** Names of page views, each with those of its further hits. */
  const whole: string[][] = [];
  /** Names of all hits that Matomo does not reject. */
  const valid: string[] = [];
  let made = 0;
  const nameOf = (kind: string) => {
    const name = `${kind} ${++made}`;
    if (kind.startsWith('hit')) valid.push(name);
    return name;
  };
  const track = (request: SimulatedRequest, further: readonly string[]) => {
    for (const name of further.map(nameOf)) request.track(name);
  };
  const check = () => expect(accountedFor(delivery) + requests.waiting).toBe(made);
  for (const next of steps) {
    if (next.kind === 'fault') matomo.fault = next.fault;
    if (next.kind === 'clock') stepWallClock(next.millis);
    if (next.kind === 'flush') {
      pace.asked += 1;
      void delivery.flush();
    }
    if (next.kind === 'wait') await vi.advanceTimersByTimeAsync(next.millis);
    if (next.kind === 'requests') {
      for (const further of next.furthers) {
        const request = requests.begin(String(made % 3));
        track(request, further);
        const page = nameOf('hit');
        const taken = request.end(page);
        if (taken[0] === page) whole.push(taken);
        check();
      }
    }
    if (next.kind === 'begin') {
      const request = requests.begin(String(made % 3));
      track(request, next.further);
      running.push(request);
    }
    if (next.kind === 'end') running.shift()?.end(nameOf('hit'));
    if (next.kind === 'hits') {
      for (const kind of next.names) {
        const name = nameOf(kind);
        delivery.push(pending({ name, visitor: String(made % 3) }));
        check();
      }
    }
    check();
  }
  for (const request of running) request.end();
  check();
  if (ending === 'recovery') made += await recover(delivery, matomo);
  pace.asked += 1;
  await endOf(delivery.shutdown(ending === 'shutdown' ? 3 : 1000)); // a response takes 5 ms
  check();
  await vi.advanceTimersByTimeAsync(60_000); // the last response, and the limits of lines in the log
  expect(vi.getTimerCount()).toBe(0);
  compare(delivery, matomo);
  if (ending === 'recovery') expectStored(valid, delivery, matomo);
  if (isInOrder(simulated)) expectInOrder(whole, matomo);
  expect(matomo.mixedBulks).toBe(0);
  expect(matomo.largestBulk).toBeLessThanOrEqual(sizes.maxExportBatchSize);
  expect(pace.offences).toEqual([]);
}

/** Whether nothing makes the sender try parts of a bulk by themselves, or the newest first because the token seems to be rejected. */
function isInOrder({ steps, hasToken }: History): boolean {
  const isHalved = steps.some((next) => next.kind === 'fault' && HALVING.includes(next.fault));
  const text = JSON.stringify(steps);
  return !isHalved && !text.includes('poison') && !(hasToken && text.includes('invalid'));
}

/** Whether each page view was stored before its further hits, and these in their order. */
function expectInOrder(whole: readonly string[][], matomo: SimulatedMatomo): void {
  const places = new Map([...matomo.stored.keys()].map((name, place) => [name, place]));
  for (const names of whole) {
    const stored = names.filter((name) => places.has(name));
    expect(stored.toSorted((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0))).toEqual(stored);
  }
}

function watched(matomo: SimulatedMatomo, pace: Pace): Transport {
  return {
    async send(body) {
      const { requests } = JSON.parse(body.toString('latin1')) as { requests: string[] };
      pace.beforeSend(requests);
      const exchange = await matomo.send(body);
      pace.afterAnswer(requests, exchange);
      return exchange;
    },
    close: () => matomo.close(),
  };
}

/** Matomo works again, and gets all the time and the hits that it needs to decide everything. Returns how many hits those are. */
async function recover(delivery: Delivery, matomo: SimulatedMatomo): Promise<number> {
  matomo.fault = 'none';
  let pushed = 0;
  for (let i = 0; i < 100 && delivery.pending > 0; i++) {
    // Others are waited for only after a rejected token, and as long as one is.
    await waitWhile(() => delivery.pending > delivery.setAside);
    const isQueued = delivery.push(pending({ name: `hit last ${i}`, visitor: '0' }));
    pushed += 1;
    // If the queue is full of hits that failed alone, their own attempts free it.
    await vi.advanceTimersByTimeAsync(isQueued ? 10_000 : 3_600_000);
  }
  expect(delivery.pending).toBe(0);
  return pushed;
}

/** At most 200 minutes. */
async function waitWhile(isWaiting: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && isWaiting(); i++) await vi.advanceTimersByTimeAsync(60_000);
}

async function endOf(closed: Promise<void>): Promise<void> {
  await vi.advanceTimersByTimeAsync(2000);
  await closed;
}

function compare({ counters, pending: left, resent }: Delivery, matomo: SimulatedMatomo): void {
  const times = [...matomo.stored.values()];
  const stored = times.length;
  expect(left).toBe(0);
  const doubles = times.reduce((sum, count) => sum + count - 1, 0);
  expect(doubles).toBeLessThanOrEqual(resent);
  expect(doubles).toBeLessThanOrEqual(sumOf(matomo.storedUnproven));
  expect(counters.tracked).toBe(matomo.answeredTracked);
  expect(counters.accepted).toBe(matomo.answeredAccepted);
  // What was stored without our knowing it is among the unconfirmed.
  expect(matomo.unknown).toBeLessThanOrEqual(counters.lost.unconfirmed);
  const known = counters.tracked + counters.accepted + matomo.unknown;
  expect(stored).toBeLessThanOrEqual(known + matomo.storedUnproven.size);
  expect(counters.lost.rejected).toBeLessThanOrEqual(matomo.mayBeRejected.size);
  // No hit is lost if the answer proves that nothing was stored.
  expect(counters.lost.unconfirmed).toBeLessThanOrEqual(matomo.leftOpen);
  expect(matomo.lostOnConnections).toBeLessThanOrEqual(matomo.closings);
  // Only a hit that rolls back its whole bulk counts as rejected.
  const poison = [...matomo.stored.keys()].filter((name) => name.startsWith('poison'));
  expect(poison).toEqual([]);
}

/** Whether no valid hit was pending at the end: each that is not stored was lost before, or accepted without proof. */
function expectStored(names: readonly string[], { counters }: Delivery, matomo: SimulatedMatomo) {
  const missing = names.filter((name) => !matomo.stored.has(name));
  const { shutdown, ...lost } = counters.lost;
  const losses = Object.values(lost).reduce((sum, count) => sum + count, 0);
  expect(missing.length).toBeLessThanOrEqual(losses + counters.accepted);
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
