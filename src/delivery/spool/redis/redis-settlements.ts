import type { Outcome } from '../share-counts.js';
import type { RedisConnection } from './redis-connection.js';
import { SETTLE } from './redis-scripts.js';
import type { RedisEntry } from './redis-shard.js';

/** What became of a hit. */
export type Decision = readonly [RedisEntry, Outcome];

export interface RedisSettlementEvents {
  /** What Redis says of the process, which sent these hits. */
  learn(reply: unknown): void;
  /** Hits that were on their way to Matomo when the lease passed to another: they may be doubled. */
  overlap(hits: number): void;
}

interface Settlement {
  /** No two have the same: Redis takes each once. */
  readonly number: number;
  readonly shard: number;
  readonly decided: readonly Decision[];
}

/** What has been decided and Redis does not know yet, in that order. */
export class RedisSettlements {
  readonly #connection: RedisConnection;
  readonly #instance: string;
  readonly #events: RedisSettlementEvents;
  #settlements: Settlement[] = [];
  #lastSettlement = 0;

  constructor(connection: RedisConnection, instance: string, events: RedisSettlementEvents) {
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
      this.#lastSettlement += 1;
      this.#settlements.push({ number: this.#lastSettlement, shard, decided });
    }
  }

  /** Tells Redis. Rejects where that cannot be done, and goes on with the same the next time. */
  async save(): Promise<void> {
    for (let [next] = this.#settlements; next; [next] = this.#settlements) {
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
      this.#settlements.shift();
      this.#events.learn(fields);
      if (overlap > 0) this.#events.overlap(overlap);
    }
  }
}
