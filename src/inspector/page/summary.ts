import type { AiRequest, Verdict } from '../inspected-hit.js';
import { createRate, type Rate } from './rate.js';
import type { HeldHit } from './read-hit.js';
import { createTimes, type Times } from './times.js';

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
