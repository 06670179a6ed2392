import { Clock } from './clock.mjs';
import { SimulatedMatomo } from './matomo.mjs';
import { Sender } from './sender.mjs';

const SLOT_MILLIS = 5000;
const LOOK_MILLIS = 100;

/** How the processes of a fleet share one Matomo: each the options of sender `i` of `n`. */
export const MODES = {
  'each on its own': () => ({}),
  'each on its own, bulks not ordered by visitor': () => ({ isOrdered: false }),
  'all at the same moment': () => ({ slotMillis: 0 }),
  staggered: (i, n) => ({ slotMillis: (i * SLOT_MILLIS) / n }),
  'one sender, shared spool': undefined,
};

/**
 * A fleet and one Matomo in virtual time: requests come at random, to any process, from any visitor.
 *
 * @param fleet `mode`, `processes`, `perSecond`, `visitors`, `cores`, `seconds`, and how long Matomo is away first: `awaySeconds`
 */
export function simulate(fleet) {
  const { mode, processes, perSecond, visitors, cores, seconds, awaySeconds = 0 } = fleet;
  const clock = new Clock();
  const random = createRandom(1);
  const matomo = new SimulatedMatomo(clock, cores);
  const delays = [];
  const onStored = (hits) => {
    for (const { time } of hits) delays.push(clock.now - time);
  };
  const optionsOf = MODES[mode];
  const senders = optionsOf
    ? Array.from({ length: processes }, (_, i) => optionsOf(i, processes))
    : [{ maxQueue: Number.POSITIVE_INFINITY }];
  const fleetOfSenders = senders.map(
    (options) => new Sender(clock, matomo, random, { ...options, onStored }),
  );

  function request() {
    const sender = fleetOfSenders[Math.floor(random() * fleetOfSenders.length)];
    sender.push({ visitor: Math.floor(random() * visitors), time: clock.now });
    clock.after((-Math.log(1 - random()) * 1000) / perSecond, request);
  }
  const backlogOf = () => fleetOfSenders.reduce((sum, { backlog }) => sum + backlog, 0);
  const inFlight = [];
  let drainedSeconds;
  function look() {
    inFlight.push(matomo.inFlight);
    const isBack = clock.now >= awaySeconds * 1000;
    const isDrained = backlogOf() <= perSecond * (SLOT_MILLIS / 1000) * 1.1;
    if (isBack && isDrained) drainedSeconds ??= clock.now / 1000 - awaySeconds;
    clock.after(LOOK_MILLIS, look);
  }

  matomo.isAway = awaySeconds > 0;
  clock.after(awaySeconds * 1000, () => {
    matomo.isAway = false;
  });
  request();
  look();
  clock.runUntil(seconds * 1000);

  delays.sort((a, b) => a - b);
  return {
    stored: delays.length,
    backlog: backlogOf(),
    inFlight: inFlight.reduce((sum, now) => sum + now, 0) / inFlight.length,
    medianSeconds: (delays[Math.floor(delays.length / 2)] ?? 0) / 1000,
    p99Seconds: (delays[Math.floor(delays.length * 0.99)] ?? 0) / 1000,
    besideOthers: matomo.besideOthers / Math.max(1, delays.length),
    deadlocks: matomo.deadlocks,
    lost: fleetOfSenders.reduce((sum, { lost }) => sum + lost, 0),
    drainedSeconds,
  };
}

/** The same numbers in every run (mulberry32). */
function createRandom(seed) {
  let state = seed;
  return function random() {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
