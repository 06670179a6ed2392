import { Clock } from './clock.mjs';
import { Gateway } from './gateway.mjs';
import { SimulatedMatomo } from './matomo.mjs';
import { Sender } from './sender.mjs';

const SLOT_MILLIS = 5000;
const LOOK_MILLIS = 100;

/**
 * How the processes of a fleet share one Matomo. `optionsOf` gives those of sender `i` of `n`, one in each process;
 * `shards` are parts of a spool by visitor, each with a sender; `gateways` take what the processes export.
 */
export const MODES = {
  'each on its own': { optionsOf: () => ({}) },
  'each on its own, bulks not ordered by visitor': { optionsOf: () => ({ isOrdered: false }) },
  'all at the same moment': { optionsOf: () => ({ slotMillis: 0 }) },
  staggered: { optionsOf: (i, n) => ({ slotMillis: (i * SLOT_MILLIS) / n }) },
  'one sender, shared spool': { shards: 1 },
  'a spool in Redis, 2 shards': { shards: 2 },
  'a spool in Redis, 4 shards': { shards: 4 },
  'one gateway': { gateways: 1 },
  '4 gateways': { gateways: 4 },
  '4 gateways, a spool in Redis, 1 shard': { gateways: 4, shards: 1 },
  '4 gateways, a spool in Redis, 4 shards': { gateways: 4, shards: 4 },
};

/**
 * A fleet and one Matomo in virtual time: requests come at random, to any process, from any visitor.
 *
 * @param fleet `mode`, `processes`, `perSecond`, `visitors`, `cores`, `seconds`, and how long Matomo is down first: `outageSeconds`
 */
export function simulate(fleet) {
  const { mode, processes, perSecond, visitors, cores, seconds, outageSeconds = 0 } = fleet;
  const clock = new Clock();
  const random = createRandom(1);
  const matomo = new SimulatedMatomo(clock, cores);
  const delays = [];
  const onStored = (hits) => {
    for (const { time } of hits) delays.push(clock.now - time);
  };
  const { optionsOf = () => ({}), shards, gateways = 0 } = MODES[mode];
  const count =
    shards === undefined ? gateways || processes : Math.min(shards, gateways || processes);
  const spooled = shards === undefined ? {} : { maxQueue: Number.POSITIVE_INFINITY };
  const senders = Array.from({ length: count }, (_, i) => {
    const options = { ...optionsOf(i, count), ...spooled, onStored };
    return new Sender(clock, matomo, random, options);
  });
  const senderOf = (place, { visitor }) => senders[shards === undefined ? place : visitor % count];
  const fleetOfGateways = Array.from({ length: gateways }, (_, i) => {
    const hasRoom = (waiting) => shards !== undefined || senders[i].hasRoom(waiting + 1);
    return new Gateway(clock, { hasRoom, push: (hit) => senderOf(i, hit).push(hit) });
  });
  const chooseGateway = createRandom(2);

  function request() {
    const process = Math.floor(random() * processes);
    const hit = { visitor: Math.floor(random() * visitors), time: clock.now };
    if (gateways === 0) senderOf(process, hit).push(hit);
    else {
      const gateway = fleetOfGateways[Math.floor(chooseGateway() * gateways)];
      gateway.export(hit, process / processes);
    }
    clock.after((-Math.log(1 - random()) * 1000) / perSecond, request);
  }
  const waiting = () => fleetOfGateways.reduce((sum, gateway) => sum + gateway.waiting, 0);
  const backlogOf = () => senders.reduce((sum, { backlog }) => sum + backlog, waiting());
  const inFlight = [];
  let drainedSeconds;
  function look() {
    inFlight.push(matomo.inFlight);
    const isBack = clock.now >= outageSeconds * 1000;
    const isDrained = backlogOf() <= perSecond * (SLOT_MILLIS / 1000) * 1.1;
    if (isBack && isDrained) drainedSeconds ??= clock.now / 1000 - outageSeconds;
    clock.after(LOOK_MILLIS, look);
  }

  matomo.isUnavailable = outageSeconds > 0;
  clock.after(outageSeconds * 1000, () => {
    matomo.isUnavailable = false;
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
    lost: [...senders, ...fleetOfGateways].reduce((sum, { lost }) => sum + lost, 0),
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
