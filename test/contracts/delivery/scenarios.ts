import type { Exchange } from '../doors/simulated-sender.js';
import type {
  Arrival,
  History,
  Outcome,
  Random,
  Scenario,
  Server,
  SimulatedHit,
} from './simulate.js';

/** What a history may have besides hits that are stored. All are 0 unless a scenario says otherwise. */
export interface Limits {
  /** Good hits that are pending at the end, that a full queue did not take, or that are lost otherwise. */
  readonly pending?: number;
  readonly full?: number;
  readonly lost?: number;
  /** Share of good hits. */
  readonly rejected?: number;
}

export interface Row extends Scenario {
  readonly limits?: Limits;
  /** An outage of hours, which takes seconds to simulate. */
  readonly isLong?: boolean;
}

const HOUR = 3_600;
const MINUTE = 60;

const answer = (status: number, body: string, contentType = 'application/json'): Exchange => ({
  ...{ kind: 'answer', status, body, contentType },
});
const counters = (tracked: number, invalid = 0): Exchange =>
  answer(200, `{"status":"success","tracked":${tracked},"invalid":${invalid}}`);
const ROLLED_BACK: Outcome = {
  exchange: answer(500, '{"status":"error","tracked":0,"invalid":0}'),
};
const PAGE: Outcome = { exchange: answer(200, 'OK', 'text/plain') };
const HANGING: Outcome = {
  exchange: { kind: 'no_answer', error: new Error('no answer') },
  takesSeconds: 30,
};

const store = (hits: readonly SimulatedHit[]): Outcome => ({
  exchange: counters(hits.length),
  isStored: true,
});

/** Refuses bulks with a bad hit. */
const refuse = (): Server => (_now, hits) =>
  hits.some(({ isBad }) => isBad) ? ROLLED_BACK : store(hits);

/** The same, and a share of all bulks. */
const failing =
  (share: number) =>
  (random: Random): Server =>
  (now, hits, token) =>
    random() < share ? ROLLED_BACK : refuse()(now, hits, token);

/** Up and down in turns, for about so long, whatever is sent. */
function flapping(upSeconds: number, downSeconds: number) {
  return (random: Random): Server => {
    let isUp = true;
    const turn = () => -Math.log(1 - random()) * (isUp ? upSeconds : downSeconds);
    let untilSeconds = turn();
    return (now, hits, token) => {
      while (now > untilSeconds) {
        isUp = !isUp;
        untilSeconds += turn();
      }
      return isUp ? refuse()(now, hits, token) : ROLLED_BACK;
    };
  };
}

/** Something else until then. */
const until = (seconds: number, outcome: Outcome) => (): Server => (now, hits, token) =>
  now < seconds ? outcome : refuse()(now, hits, token);

const at0 =
  (count: number, isBad: (index: number, random: Random) => boolean) => (random: Random) =>
    Array.from({ length: count }, (_, i) => ({ seconds: 0, isBad: isBad(i, random) }));

/** So many a second for so long, at random times. */
function rate(perSecond: number, seconds: number, badShare = 0, fromSeconds = 0) {
  return (random: Random): Arrival[] => {
    const arrivals: Arrival[] = [];
    const next = () => -Math.log(1 - random()) / perSecond;
    for (let at = fromSeconds + next(); at <= fromSeconds + seconds; at += next())
      arrivals.push({ seconds: at, isBad: random() < badShare });
    return arrivals;
  };
}

const together =
  (...all: ((random: Random) => Arrival[])[]) =>
  (random: Random) =>
    all.flatMap((each) => each(random)).sort((a, b) => a.seconds - b.seconds);

const every = (seconds: number, count: number, from: number) => () =>
  Array.from({ length: count }, (_, i) => ({ seconds: from + i * seconds, isBad: false }));

/** One bad hit among others. */
const oneOf = (count: number) => (random: Random) => {
  const bad = Math.floor(random() * count);
  return at0(count, (index) => index === bad)(random);
};

const CAPACITY = { capacity: 10_000 };

/** One client whose hits are all bad, beside 20 good ones a second of fifty others. */
const client = (perSecond: number, seconds = 600): Row => ({
  arrivals: together(rate(20, 2 * seconds), rate(perSecond, seconds, 1)),
  untilSeconds: 2 * seconds + 300,
  server: refuse,
  ...CAPACITY,
  hasOneBadClient: true,
});
const burst = (count: number): Row => ({
  arrivals: together(rate(count, 1, 1), rate(20, 1_800, 0, 1)),
  untilSeconds: 2_400,
  server: refuse,
  ...CAPACITY,
  hasOneBadClient: true,
});
const PROXY = { addresses: 'of a proxy' } as const;
const SCANNER = { changesUserAgent: true, addresses: 'known' } as const;
const FOLDER = { isInFolder: true };

/** Bad hits of all clients beside 20 a second. */
const ofAll = (perSecond: number, limits: Limits): Row => ({
  arrivals: together(rate(20, 1_200), rate(perSecond, 600, 1)),
  ...{ untilSeconds: 1_500, server: refuse, ...CAPACITY, limits },
});
const share = (badShare: number): Row => ({
  arrivals: rate(20, HOUR, badShare),
  ...{ untilSeconds: 1.2 * HOUR, server: refuse, ...CAPACITY },
});
const traffic = (perSecond: number, hours: number, server: Row['server'], limits: Limits): Row => ({
  arrivals: rate(perSecond, hours * HOUR),
  ...{ untilSeconds: (hours + 0.5) * HOUR, server, limits },
});

const ALONE = {
  arrivals: together(() => [{ seconds: 0, isBad: true }], every(MINUTE, 60, 2 * HOUR)),
  ...{ untilSeconds: 4 * HOUR, server: refuse },
};

/** A day's token is revoked in traffic, and replaced in its file later. */
const revoked = (fromSeconds: number, untilSeconds: number): Row => ({
  arrivals: rate(20, 20 * MINUTE),
  untilSeconds: HOUR,
  server: () => (now, hits, token) =>
    now < fromSeconds || token === 'new' ? store(hits) : { exchange: counters(0, hits.length) },
  token: (now) => (now < untilSeconds ? 'token' : 'new'),
});

export const SCENARIOS: Readonly<Record<string, Row>> = {
  'one client, 2 bad a second': client(2),
  'one client, 5 bad a second': client(5),
  'one client, 10 bad a second': client(10),
  'one client, 20 bad a second': client(20),
  'one client, 60 bad a second': client(60),
  'one client, a burst of 300': burst(300),
  'one client, a burst of 1,000': burst(1_000),
  'one client, a burst of 3,000': burst(3_000),
  'one client, 20 bad a second, folder': { ...client(20), ...FOLDER },
  'one client, 20 bad a second, folder, 4 processes': { ...client(20), ...FOLDER, processes: 4 },
  'one client, a burst of 1,000, folder, 4 processes': { ...burst(1_000), ...FOLDER, processes: 4 },
  'a scanner that changes its user agent, 20 bad a second': { ...client(20), ...SCANNER },
  'a scanner that changes its user agent, 60 bad a second': { ...client(60), ...SCANNER },
  'a scanner that changes its user agent, a burst of 1,000': { ...burst(1_000), ...SCANNER },
  'one client behind a proxy that is not declared, 2 bad a second': { ...client(2), ...PROXY },
  'one client behind a proxy that is not declared, 5 bad a second': { ...client(5), ...PROXY },
  'one client behind a proxy that is not declared, 20 bad a second': { ...client(20), ...PROXY },
  'one client behind a proxy that is not declared, 60 bad a second': { ...client(60), ...PROXY },
  'one client behind a proxy that is not declared, a burst of 1,000': { ...burst(1_000), ...PROXY },
  // Limits of docs/limits.md.
  'a scanner that changes its user agent, 150 bad a second for 2 minutes': {
    ...{ ...client(150, 120), ...SCANNER },
    limits: { full: 20_000 },
  },
  'a scanner that changes its user agent, 20 bad a second, addresses unknown': {
    ...{ ...client(20), changesUserAgent: true },
    limits: { full: 30_000, pending: 30_000, rejected: 0.001 },
  },
  '5 bad a second of all clients': ofAll(5, { rejected: 1e-4 }),
  '10 bad a second of all clients': ofAll(10, { full: 500, rejected: 5e-3 }),

  'one bad of 300, alone': { arrivals: oneOf(300), untilSeconds: 600, server: refuse },
  'one bad of 300, then one good a second': {
    arrivals: together(oneOf(300), every(1, 120, 10)),
    ...{ untilSeconds: 600, server: refuse },
  },
  'each 50th of 600': {
    arrivals: at0(600, (index) => index % 50 === 7),
    ...{ untilSeconds: 600, server: refuse },
  },
  'some of 600': {
    arrivals: at0(600, (_index, random) => random() < 0.02),
    ...{ untilSeconds: 600, server: refuse },
  },
  '1 % bad': share(0.01),
  '3 % bad': share(0.03),
  '10 % bad': { ...share(0.1), limits: { rejected: 1e-4 } },
  '25 % bad': { ...share(0.25), limits: { rejected: 1e-3 } },
  '3 % bad, folder': { ...share(0.03), ...FOLDER, capacity: Number.POSITIVE_INFINITY },
  'a bad one alone for two hours, then one good a minute': ALONE,
  'a bad one alone for two hours, then one good a minute, folder': { ...ALONE, ...FOLDER },
  'a bad one alone for two hours, then one good a second': {
    arrivals: together(() => [{ seconds: 0, isBad: true }], every(1, 600, 2 * HOUR)),
    ...{ untilSeconds: 3 * HOUR, server: refuse },
  },
  '500 for 12 hours, 10,000 queued': {
    arrivals: oneOf(10_000),
    ...{ untilSeconds: 13 * HOUR, server: until(12 * HOUR, ROLLED_BACK), isLong: true },
  },
  '500 for 12 hours, 10,000 queued, folder, 4 processes': {
    arrivals: oneOf(10_000),
    ...{ untilSeconds: 13 * HOUR, server: until(12 * HOUR, ROLLED_BACK), isLong: true },
    ...{ ...FOLDER, processes: 4 },
  },
  '500 for 12 hours, one a second, folder': {
    arrivals: rate(1, 12 * HOUR),
    ...{ untilSeconds: 13 * HOUR, server: until(12 * HOUR, ROLLED_BACK), isLong: true, ...FOLDER },
  },
  '20 % fail, one hit per bulk': traffic(0.1, 4, failing(0.2), {}),
  '20 % fail, 2 hits per bulk': traffic(0.4, 2, failing(0.2), { rejected: 1e-5 }),
  '20 % fail, 5 hits per bulk': traffic(1, 2, failing(0.2), { rejected: 1e-5 }),
  '20 % fail, 100 hits per bulk': traffic(20, 1, failing(0.2), { rejected: 1e-5 }),
  '50 % fail, one hit per bulk': traffic(0.1, 4, failing(0.5), { rejected: 5e-3 }),
  '50 % fail, 5 hits per bulk': traffic(1, 2, failing(0.5), { rejected: 5e-3 }),
  '50 % fail, 100 hits per bulk': traffic(20, 1, failing(0.5), { rejected: 5e-3 }),
  'up for 60 s, down for 20 s': traffic(1, 2, flapping(60, 20), {}),
  'up for 60 s, down for 20 s, 1 % bad': {
    ...share(0.01),
    ...{ server: flapping(60, 20), capacity: Number.POSITIVE_INFINITY },
  },
  'up for 1 s, down for 0.3 s': traffic(1, 2, flapping(1, 0.3), { rejected: 5e-4 }),
  '1 % bad, folder, 4 processes': {
    ...{ ...share(0.01), ...FOLDER, processes: 4, capacity: Number.POSITIVE_INFINITY },
  },
  '1 % bad, folder, 2 processes that live for a minute': {
    ...{ ...share(0.01), ...FOLDER, processes: 2, capacity: Number.POSITIVE_INFINITY },
    livesSeconds: MINUTE,
  },
  '500 for 2 hours, folder, processes that live for a minute': {
    arrivals: rate(1, 2 * HOUR, 0.001),
    ...{ untilSeconds: 3 * HOUR, server: until(2 * HOUR, ROLLED_BACK), isLong: true },
    ...{ ...FOLDER, livesSeconds: MINUTE },
  },
  '150 bad ones, then 1,000 good ones': {
    arrivals: at0(1_150, (index) => index < 150),
    ...{ untilSeconds: HOUR, server: refuse },
  },
  '150 bad ones, then 1,000 good ones, folder': {
    arrivals: at0(1_150, (index) => index < 150),
    ...{ untilSeconds: HOUR, server: refuse, ...FOLDER },
  },

  'a token is revoked in traffic for 7 s': revoked(300, 307),
  'a token is revoked in traffic for 10 minutes': revoked(300, 900),
  'a token is revoked in traffic for 10 minutes, folder, 4 processes': {
    ...{ ...revoked(300, 900), ...FOLDER, processes: 4 },
  },
  'Matomo hangs for an hour': {
    arrivals: rate(1, 2 * HOUR),
    ...{ untilSeconds: 3 * HOUR, server: until(HOUR, HANGING), limits: { lost: 200 } },
  },
  'Matomo hangs for an hour, with resendUnconfirmed': {
    arrivals: rate(1, 2 * HOUR),
    ...{ untilSeconds: 3 * HOUR, server: until(HOUR, HANGING), resendUnconfirmed: true },
    limits: { lost: 20 },
  },
  '200 without counters from the beginning': {
    arrivals: rate(5, HOUR),
    ...{ untilSeconds: 2 * HOUR, server: until(HOUR / 2, PAGE) },
  },
  '200 without counters after some': {
    arrivals: rate(5, HOUR),
    untilSeconds: 2 * HOUR,
    server: () => (now, hits) => (now > 600 && now < 1_200 ? PAGE : store(hits)),
    limits: { lost: 5 * 600 * 1.2 }, // unconfirmed
  },
};

/** What a history has above its limits. */
export function findExcess(history: History, limits: Limits = {}): Record<string, number> {
  const { pending = 0, full = 0, lost = 0, rejected = 0 } = limits;
  const { good, pendingGood, lostGood, rejectedGood, storedTwice } = history;
  const rows = Object.entries({
    pending: pendingGood - pending,
    full: history.full - full,
    lost: lostGood - lost,
    rejected: rejectedGood - Math.ceil(rejected * good),
    twice: storedTwice,
  });
  return Object.fromEntries(rows.filter(([, excess]) => excess > 0));
}
