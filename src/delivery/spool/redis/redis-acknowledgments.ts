import type { Outcome } from '../share-counts.js';
import type { RedisConnection } from './redis-connection.js';
import { SETTLE } from './redis-scripts.js';
import type { RedisEntry } from './redis-shard.js';

/** What became of a hit. */
export type Decision = readonly [RedisEntry, Outcome];

export interface RedisAcknowledgmentEvents {
  /** What Redis says of the process, which sent these hits. */
  learn(reply: unknown): void;
  /** Hits that were on their way to Matomo when the lease passed to another: they may be doubled. */
  overlap(hits: number): void;
}

interface Acknowledgment {
  /** No two have the same: Redis takes each once. */
  readonly number: number;
  readonly shard: number;
  readonly decided: readonly Decision[];
}

/** What has been decided and Redis does not know yet, in that order. */
export class RedisAcknowledgments {
  readonly #connection: RedisConnection;
  readonly #instance: string;
  readonly #events: RedisAcknowledgmentEvents;
  #acknowledgments: Acknowledgment[] = [];
  #lastNumber = 0;

  constructor(connection: RedisConnection, instance: string, events: RedisAcknowledgmentEvents) {
    this.#connection = connection;
    this.#instance = instance;
    this.#events = events;
  }

  /** Remembers what became of hits, until `save` has told Redis. */
  add(decisions: readonly Decision[]): void {
    const byShard = new Map<number, Decision[]>();
    for (const decision of decisions) {
      const [{ shard }] = decision;
      const ofShard = byShard.get(shard) ?? [];
      ofShard.push(decision);
      byShard.set(shard, ofShard);
    }
    for (const [shard, decided] of byShard) {
      this.#lastNumber += 1;
      this.#acknowledgments.push({ number: this.#lastNumber, shard, decided });
    }
  }

  /** Tells Redis. Rejects where that cannot be done, and goes on with the same the next time. */
  async save(): Promise<void> {
    for (let [next] = this.#acknowledgments; next; [next] = this.#acknowledgments) {
      const { number, shard, decided } = next;
      const args = decided.flatMap(([{ id, owner, size }, outcome]) => [
        id,
        owner,
        outcome,
        String(size),
      ]);
      const head = [this.#instance, String(number), String(shard)];
      const reply = await this.#connection.run(SETTLE, [...head, ...args]);
      const [overlap, fields] = reply as [number, unknown];
      this.#acknowledgments.shift();
      this.#events.learn(fields);
      if (overlap > 0) this.#events.overlap(overlap);
    }
  }
}
