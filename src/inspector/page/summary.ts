import type { AiRequest, Verdict } from '../inspected-hit.js';
import type { HeldHit } from './held-hits.js';

export interface Endpoint {
  readonly title: string;
  hits: number;
  /** Hits by the first digit of their status; 0: no status. */
  readonly classes: number[];
  readonly times: Times;
  /** Values by parameter. */
  readonly steps: Map<string, Times>;
  readonly rate: Rate;
}

export interface VisitorCounts {
  readonly id: string;
  hits: number;
  errors: number;
  /** Its latest hit. */
  latest: HeldHit;
}

/** Values that only some requests have. */
interface Average {
  sum: number;
  count: number;
}

/** Stored requests by one AI chatbot. */
export interface Chatbot {
  readonly name: string;
  pages: number;
  documents: number;
  /** Requests by the first digit of their status; 0: no status. */
  readonly classes: number[];
  readonly times: Times;
  readonly sizes: Average;
}

/** Hits that are not stored as sent, for one reason. */
export interface Problem {
  readonly key: string;
  readonly verdict: Verdict;
  readonly reason: string;
  hits: number;
  latest: HeldHit;
}

/**
 * Sums over all hits in the log. A hit is added when it arrives and removed when it is dropped, so nothing is counted again
 * and memory is bounded.
 */
export interface Summary {
  readonly endpoints: Map<string, Endpoint>;
  readonly visitors: Map<string, VisitorCounts>;
  readonly problems: Map<string, Problem>;
  readonly chatbots: Map<string, Chatbot>;
  add(held: HeldHit): void;
  remove(held: HeldHit): void;
}

const ERROR_CLASS = 4;

export function createSummary(): Summary {
  const endpoints = new Map<string, Endpoint>();
  const visitors = new Map<string, VisitorCounts>();
  const problems = new Map<string, Problem>();
  const chatbots = new Map<string, Chatbot>();

  function count(held: HeldHit, by: 1 | -1): void {
    if (held.hit.aiRequest) countChatbot(chatbots, held, held.hit.aiRequest, by);
    else countVisitor(visitors, held, by);
    const { reason, stored, conversion } = held.hit;
    if (reason !== undefined && !conversion) countProblem(problems, held, by);
    if (stored !== null || conversion) countEndpoint(endpoints, held, by);
  }

  return {
    endpoints,
    visitors,
    problems,
    chatbots,
    add: (held) => count(held, 1),
    remove: (held) => count(held, -1),
  };
}

function countEndpoint(endpoints: Map<string, Endpoint>, held: HeldHit, by: 1 | -1): void {
  const { title, millis, steps } = held;
  const endpoint = entry(endpoints, title, () => ({
    title,
    hits: 0,
    classes: [0, 0, 0, 0, 0, 0],
    times: createTimes(),
    steps: new Map(),
    rate: createRate(),
  }));
  endpoint.hits += by;
  if (endpoint.hits === 0) endpoints.delete(title);
  const statusClass = classOf(held);
  endpoint.classes[statusClass] = (endpoint.classes[statusClass] as number) + by;
  if (millis !== undefined) countTime(endpoint.times, millis, by);
  for (const [name, time] of steps) {
    const times = entry(endpoint.steps, name, createTimes);
    countTime(times, time, by);
    if (times.count() === 0) endpoint.steps.delete(name);
  }
  if (by === 1) endpoint.rate.add(held.hit.received);
}

function countVisitor(visitors: Map<string, VisitorCounts>, held: HeldHit, by: 1 | -1): void {
  const id = held.visitor;
  const visitor = entry(visitors, id, () => ({ id, hits: 0, errors: 0, latest: held }));
  visitor.hits += by;
  if (classOf(held) >= ERROR_CLASS) visitor.errors += by;
  if (by === 1) visitor.latest = held;
  if (visitor.hits === 0) visitors.delete(id);
}

function countProblem(problems: Map<string, Problem>, held: HeldHit, by: 1 | -1): void {
  const { verdict, reason = '' } = held.hit;
  const key = `${verdict} ${reason}`;
  const problem = entry(problems, key, () => ({ key, verdict, reason, hits: 0, latest: held }));
  problem.hits += by;
  if (by === 1) problem.latest = held;
  if (problem.hits === 0) problems.delete(key);
}

function countChatbot(
  chatbots: Map<string, Chatbot>,
  held: HeldHit,
  { name, kind, bytes, millis }: AiRequest,
  by: 1 | -1,
): void {
  const chatbot = entry(chatbots, name, () => ({
    name,
    pages: 0,
    documents: 0,
    classes: [0, 0, 0, 0, 0, 0],
    times: createTimes(),
    sizes: { sum: 0, count: 0 },
  }));
  if (kind === 'page') chatbot.pages += by;
  else chatbot.documents += by;
  const statusClass = classOf(held);
  chatbot.classes[statusClass] = (chatbot.classes[statusClass] as number) + by;
  if (millis !== undefined) countTime(chatbot.times, millis, by);
  if (bytes !== undefined) {
    chatbot.sizes.sum += bytes * by;
    chatbot.sizes.count += by;
  }
  if (chatbot.pages + chatbot.documents === 0) chatbots.delete(name);
}

function countTime(times: Times, millis: number, by: 1 | -1): void {
  if (by === 1) times.add(millis);
  else times.remove(millis);
}

/** First digit of the status; 0 if there is none. */
export function classOf({ status }: HeldHit): number {
  const digit = status === undefined ? 0 : Math.floor(status / 100);
  return digit >= 1 && digit <= 5 ? digit : 0;
}

function entry<Value>(map: Map<string, Value>, key: string, create: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}

const SECONDS = 60;

/** Counts arrivals in each of the last 60 seconds. */
interface Rate {
  add(epochMillis: number): void;
  /** The counts, oldest first, without the current second. */
  perSecond(epochMillis: number): number[];
}

export function createRate(): Rate {
  const counts = new Uint32Array(SECONDS + 1);
  /** The latest second in `counts`. The index of a second is its remainder. */
  let last = 0;

  function moveTo(second: number): void {
    for (let s = Math.max(last + 1, second - SECONDS); s <= second; s += 1) counts[placeOf(s)] = 0;
    last = Math.max(last, second);
  }

  return {
    add(epochMillis) {
      const second = Math.floor(epochMillis / 1000);
      if (second < last - SECONDS) return;
      moveTo(second);
      counts[placeOf(second)] = (counts[placeOf(second)] as number) + 1;
    },
    perSecond(epochMillis) {
      const now = Math.floor(epochMillis / 1000);
      moveTo(now);
      return Array.from(
        { length: SECONDS },
        (_, i) => counts[placeOf(now - SECONDS + i)] as number,
      );
    },
  };
}

function placeOf(second: number): number {
  return second % (SECONDS + 1);
}

/** Counts durations for percentiles. */
export interface Times {
  add(millis: number): void;
  remove(millis: number): void;
  count(): number;
  /** Percentiles by nearest rank; `percents` must be ascending. Empty if there are no durations. */
  percentiles(...percents: number[]): number[];
}

export function createTimes(): Times {
  const counts = new Map<number, number>();
  let total = 0;
  return {
    add(millis) {
      counts.set(millis, (counts.get(millis) ?? 0) + 1);
      total += 1;
    },
    remove(millis) {
      const left = (counts.get(millis) ?? 0) - 1;
      if (left > 0) counts.set(millis, left);
      else counts.delete(millis);
      total -= 1;
    },
    count: () => total,
    percentiles(...percents) {
      const found: number[] = [];
      let seen = 0;
      for (const millis of [...counts.keys()].sort((a, b) => a - b)) {
        seen += counts.get(millis) as number;
        while (found.length < percents.length) {
          const rank = Math.max(1, Math.ceil(((percents[found.length] as number) / 100) * total));
          if (seen < rank) break;
          found.push(millis);
        }
      }
      return found;
    },
  };
}
