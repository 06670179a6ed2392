import { createRandom } from '../../support/create-random.js';
import {
  type Attempt,
  createSimulatedSender,
  type Exchange,
  type Hit,
  type SimulatedSender,
} from '../doors/simulated-sender.js';

export type Random = () => number;

/** A request that is tracked; the server refuses bad ones, whatever else it does. */
export interface Arrival {
  readonly seconds: number;
  readonly isBad: boolean;
}

/** What the server does with a bulk. */
export interface Outcome {
  readonly exchange: Exchange;
  readonly isStored?: boolean;
  /** @default 15 ms, and 1.8 ms per hit */
  readonly takesSeconds?: number;
}

/** `token`: with which the bulk was sent. */
export type Server = (nowSeconds: number, hits: readonly SimulatedHit[], token: string) => Outcome;

export interface SimulatedHit extends Arrival {
  readonly number: number;
}

export interface Scenario {
  readonly arrivals: (random: Random) => readonly Arrival[];
  readonly untilSeconds: number;
  readonly server: (random: Random) => Server;
  /** Bad hits are of one client, others of fifty. @default all hits are of fifty */
  readonly hasOneBadClient?: boolean;
  /** The bad client changes its user agent, and so its visitor. */
  readonly changesUserAgent?: boolean;
  /** Clients are known by their addresses, or all have that of a proxy. @default by their visitors */
  readonly addresses?: 'known' | 'of a proxy';
  /** Hits are in a folder. @default in memory */
  readonly isInFolder?: boolean;
  /** @default 1 */
  readonly processes?: number;
  /** Each process is replaced after about so long. */
  readonly livesSeconds?: number;
  /** Of a queue in memory. */
  readonly capacity?: number;
  readonly resendUnconfirmed?: boolean;
  /** Returns the token as its file has it. */
  readonly token?: (nowSeconds: number) => string;
}

/** What became of the hits. */
export interface History {
  good: number;
  /** A full queue did not take them. */
  full: number;
  rejectedGood: number;
  /** Neither stored nor rejected, and no longer pending, of good ones. */
  lostGood: number;
  pendingGood: number;
  storedTwice: number;
}

const CLIENTS = Array.from({ length: 50 }, (_, i) => `client${i}`);
const BULK = 100;
const DELAY_SECONDS = 5;
const FLUSH_SECONDS = 0.5;
/** Before the next process has started. */
const RESTART_SECONDS = 0.5;
const START_MILLIS = Date.UTC(2026, 10, 20, 12);

/** Entries of hits. In memory, each hit is one; in a folder, a process appends to its latest file, and a claim takes one. */
class SimulatedStore {
  readonly #isInFolder: boolean;
  #entries: Hit[][] = [];
  readonly #parts = new Map<object, Hit[]>();
  size = 0;

  constructor(isInFolder: boolean) {
    this.#isInFolder = isInFolder;
  }

  put(process: object, hits: readonly Hit[], isFirst = false): void {
    this.size += hits.length;
    const part = this.#parts.get(process);
    if (part && !isFirst && part.length + hits.length <= BULK) {
      part.push(...hits);
      return;
    }
    const entries: Hit[][] = [];
    const most = this.#isInFolder ? BULK : 1;
    for (let i = 0; i < hits.length; i += most) entries.push(hits.slice(i, i + most));
    if (isFirst) this.#entries = [...entries, ...this.#entries];
    else for (const entry of entries) this.#entries.push(entry);
    const last = entries.at(-1);
    if (this.#isInFolder && !isFirst && last) this.#parts.set(process, last);
  }

  claim(): readonly Hit[] | undefined {
    let taken = 0;
    let hits = 0;
    while (hits < (this.#isInFolder ? 1 : BULK) && taken < this.#entries.length)
      hits += (this.#entries[taken++] as Hit[]).length;
    this.size -= hits;
    const entries = this.#entries.splice(0, taken);
    for (const [process, part] of this.#parts) if (entries.includes(part)) this.finish(process);
    return hits === 0 ? undefined : entries.flat();
  }

  /** A process appends no more to its file. */
  finish(process: object): void {
    this.#parts.delete(process);
  }
}

interface Sending {
  readonly hits: readonly Hit[];
  readonly attempt: Attempt;
  readonly steps: ReturnType<SimulatedSender['send']>;
  next: IteratorResult<readonly Hit[], void>;
}

/** A process that makes hits and sends them. */
interface Process {
  now: number;
  sender: SimulatedSender;
  sending: Sending | undefined;
  /** When it ends. */
  endSeconds: number;
  /** Hits in memory that are not in the folder yet, and when they are written. */
  buffer: Hit[];
  flushSeconds: number;
  /** When the oldest hit that is not sent came. */
  firstSeconds: number;
  /** The last attempt has left something. */
  hasRest: boolean;
}

/** Runs processes that share a store and a server, on a virtual clock. */
export function simulate(scenario: Scenario, seed: number): History {
  const { processes: count = 1, livesSeconds, capacity = Number.POSITIVE_INFINITY } = scenario;
  const { isInFolder = false, untilSeconds, token = () => 'token' } = scenario;
  const random = createRandom(seed);
  const arrivals = scenario.arrivals(random);
  const server = scenario.server(random);
  const store = new SimulatedStore(isInFolder);
  const hits: SimulatedHit[] = [];
  const stored: boolean[] = [];
  const ended: boolean[] = [];
  const history: History = {
    ...{ good: 0, full: 0, rejectedGood: 0, lostGood: 0, pendingGood: 0, storedTwice: 0 },
  };
  let arrived = 0;

  const find = ({ query }: Hit) => hits[Number(query)] as SimulatedHit;

  function start(process: Omit<Process, 'sender'>): Process {
    const started = process as Process;
    started.sending = undefined;
    started.sender = createSimulatedSender({
      options: {
        tokenAuth: token(0),
        rereadToken: () => token(started.now),
        maxExportBatchSize: BULK,
        resendUnconfirmed: scenario.resendUnconfirmed ?? false,
      },
      random,
      now: () => started.now * 1000,
      wallMillis: () => START_MILLIS + started.now * 1000,
      onRejected(hit) {
        const { isBad, number } = find(hit);
        ended[number] = true;
        if (!isBad) history.rejectedGood += 1;
      },
    });
    started.endSeconds = livesSeconds ? started.now + livesSeconds * (0.5 + random()) : Infinity;
    return started;
  }

  const processes = Array.from({ length: count }, () =>
    start({
      ...{ now: random() * 0.01, sending: undefined, endSeconds: 0, buffer: [] },
      ...{ flushSeconds: Infinity, firstSeconds: Infinity, hasRest: false },
    }),
  );

  function toHit({ seconds, isBad }: Arrival, number: number): Hit {
    const client = CLIENTS[number % CLIENTS.length] as string;
    const isOfBad = isBad && scenario.hasOneBadClient === true;
    const visitor = isOfBad
      ? scenario.changesUserAgent
        ? `agent${(number * 7919) % 100_003}`
        : 'bad'
      : client;
    return {
      site: 1,
      visitor,
      client: toClient(visitor, isOfBad),
      startSeconds: START_MILLIS / 1000 + seconds / 1e6,
      kind: 'action',
      query: String(number),
    };
  }

  function toClient(visitor: string, isOfBad: boolean): string {
    if (scenario.addresses === 'of a proxy') return 'proxy';
    return scenario.addresses === 'known' && isOfBad ? 'bad' : visitor;
  }

  function pendingHits(): number {
    return processes.reduce(
      (sum, { buffer, sending }) => sum + buffer.length + (sending?.hits.length ?? 0),
      store.size,
    );
  }

  function arrive(now: number): void {
    for (let next = arrivals[arrived]; next && next.seconds <= now; next = arrivals[++arrived]) {
      if (!next.isBad) history.good += 1;
      if (capacity < Infinity && pendingHits() >= capacity) {
        history.full += 1;
        continue;
      }
      const { seconds, isBad } = next;
      const number = hits.push({ seconds, isBad, number: hits.length }) - 1;
      const hit = toHit(next, number);
      const process = processes[number % count] as Process;
      process.firstSeconds = Math.min(process.firstSeconds, next.seconds);
      if (!isInFolder) store.put(process, [hit]);
      else if (process.buffer.push(hit) >= BULK) flush(process);
      else process.flushSeconds = Math.min(process.flushSeconds, next.seconds + FLUSH_SECONDS);
    }
    for (const process of processes) if (process.flushSeconds <= now) flush(process);
  }

  function flush(process: Process): void {
    store.put(process, process.buffer.splice(0));
    process.flushSeconds = Infinity;
  }

  function kill(process: Process): void {
    store.finish(process);
    if (process.sending) {
      const { inFlight, bulks, suspects, tried, back } = process.sending.attempt;
      store.put({}, [...inFlight, ...[...bulks, ...suspects, ...tried].flat(), ...back]);
    }
    start(process);
    process.now += RESTART_SECONDS;
  }

  /** Returns whether it has begun to send a claim. Otherwise its clock was moved. */
  function claim(process: Process): void {
    const { now, sender } = process;
    if (!sender.mayBegin()) {
      process.now = Math.min(
        Math.max(now + 1e-4, sender.waitUntilMillis() / 1000),
        now + DELAY_SECONDS,
      );
      return;
    }
    const isDue =
      store.size >= BULK ||
      now >= process.firstSeconds + DELAY_SECONDS ||
      (process.hasRest && store.size > 0);
    const claimed = isDue ? store.claim() : undefined;
    if (claimed) {
      if (store.size === 0) process.firstSeconds = Infinity;
      const attempt = sender.begin(claimed);
      const steps = sender.send(attempt);
      process.sending = { hits: claimed, attempt, steps, next: steps.next() };
      return;
    }
    if (isDue) {
      process.firstSeconds = Infinity;
      process.hasRest = false;
    }
    if (process.buffer.length === 0 && store.size > 0)
      process.firstSeconds = Math.min(process.firstSeconds, now); // as a timer that looks again
    const next = Math.min(
      arrivals[arrived]?.seconds ?? Infinity,
      process.firstSeconds + DELAY_SECONDS,
      process.flushSeconds,
      now + (store.size > 0 ? DELAY_SECONDS : Infinity),
    );
    process.now = next === Infinity ? now + 1 : Math.max(now + 0.02, next);
  }

  function finish(process: Process, { hits: claimed, attempt }: Sending): void {
    const back = new Set(attempt.back.map(({ query }) => query));
    const results = Object.values(attempt.results).reduce((sum, hits) => sum + hits, 0);
    if (results + attempt.back.length !== claimed.length || back.size !== attempt.back.length)
      throw new Error('a hit has no result, or two');
    for (const hit of claimed) {
      const { number, isBad } = find(hit);
      if (ended[number] || back.has(hit.query)) continue;
      ended[number] = true;
      if (!stored[number] && !isBad) history.lostGood += 1;
    }
    store.put(process, attempt.back, !attempt.isBehind);
    process.sending = undefined;
    process.hasRest = store.size > 0;
  }

  function send(process: Process, sending: Sending): void {
    const { now, sender } = process;
    const { next } = sending;
    if (next.done) {
      finish(process, sending);
      return;
    }
    const sent = next.value.map(find);
    const outcome = server(now, sent, token(now));
    const { exchange, isStored, takesSeconds = 0.015 + 0.0018 * sent.length } = outcome;
    process.now += takesSeconds;
    for (const { number } of isStored ? sent : []) {
      if (stored[number]) history.storedTwice += 1;
      stored[number] = true;
    }
    sending.next = sending.steps.next(sender.read(exchange, next.value));
  }

  const isIdle = ({ sending, buffer }: Process) => !sending && buffer.length === 0;
  for (;;) {
    const process = processes.reduce((first, other) => (first.now <= other.now ? first : other));
    if (process.now >= untilSeconds) break;
    arrive(process.now);
    if (arrived === arrivals.length && store.size === 0 && processes.every(isIdle)) break;
    if (process.now >= process.endSeconds) kill(process);
    else if (process.sending) send(process, process.sending);
    else claim(process);
  }
  arrive(untilSeconds);
  for (const { number, isBad } of hits)
    if (!isBad && !stored[number] && !ended[number]) history.pendingGood += 1;
  return history;
}
