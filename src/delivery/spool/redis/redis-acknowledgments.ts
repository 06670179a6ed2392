import type { CounterName } from '../share-counts.js';
import type { RedisConnection } from './redis-connection.js';
import { ACKNOWLEDGE } from './redis-scripts.js';

/** The position of a hit in Redis. */
export interface RedisEntry {
  readonly id: string;
  readonly shard: number;
  /** Number of the lease under which the hit was read. */
  readonly lease: number;
  /** The instance that made the hit. */
  readonly owner: string;
  /** Bytes of the hit's line. */
  readonly size: number;
}

/** A hit, and the counter of its result. */
export type Decision = readonly [RedisEntry, CounterName];

export interface RedisAcknowledgmentEvents {
  /** Redis' reply about the process that sent these hits, and when the first of those that others made was stored. */
  learn(reply: unknown, oldestOfOthersSeconds: number): void;
  /** Hits that were being sent when another process took over the lease. They may be duplicated. */
  overlap(hits: number): void;
}

interface RedisAcknowledgment {
  /** A unique number: Redis applies each acknowledgment once. */
  readonly number: number;
  readonly shard: number;
  /** Number of the lease under which the hits were sent. */
  readonly lease: number;
  readonly decided: readonly Decision[];
}

/** Results that Redis does not have yet, in order. */
export class RedisAcknowledgments {
  readonly #connection: RedisConnection;
  readonly #instance: string;
  readonly #events: RedisAcknowledgmentEvents;
  #acknowledgments: RedisAcknowledgment[] = [];
  #lastNumber = 0;

  constructor(connection: RedisConnection, instance: string, events: RedisAcknowledgmentEvents) {
    this.#connection = connection;
    this.#instance = instance;
    this.#events = events;
  }

  /** Queues results for `save`. */
  add(decisions: readonly Decision[]): void {
    const byShard = new Map<number, { lease: number; decided: Decision[] }>();
    for (const decision of decisions) {
      const [{ shard, lease }] = decision;
      const ofShard = byShard.get(shard) ?? { lease, decided: [] };
      ofShard.decided.push(decision);
      byShard.set(shard, ofShard);
    }
    for (const [shard, ofShard] of byShard) {
      this.#lastNumber += 1;
      this.#acknowledgments.push({ number: this.#lastNumber, shard, ...ofShard });
    }
  }

  /** Sends results to Redis. Rejects if that fails; the next call continues with the same ones. */
  async save(): Promise<void> {
    for (let [next] = this.#acknowledgments; next; [next] = this.#acknowledgments) {
      const { number, shard, lease, decided } = next;
      const args = decided.flatMap(([{ id, owner, size }, counter]) => [
        id,
        owner,
        counter,
        String(size),
      ]);
      const head = [this.#instance, ...[number, shard, lease].map(String)];
      const reply = await this.#connection.run(ACKNOWLEDGE, [...head, ...args]);
      const [overlap, fields] = reply as [number, unknown];
      this.#acknowledgments.shift();
      this.#events.learn(fields, oldestOfOthers(decided, this.#instance));
      if (overlap > 0) this.#events.overlap(overlap);
    }
  }
}

/** When the first hit that another process made was stored, in epoch seconds; `Infinity` if there is none. */
function oldestOfOthers(decided: readonly Decision[], instance: string): number {
  let oldest = Number.POSITIVE_INFINITY;
  for (const [{ id, owner }] of decided)
    if (owner !== instance) oldest = Math.min(oldest, Number.parseInt(id, 10) / 1000); // the ID begins with the time
  return oldest;
}
