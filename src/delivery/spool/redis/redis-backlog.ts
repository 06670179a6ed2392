import type { DeliveryCounters } from '../../queue/counters.js';
import type { EncodedHit } from '../../queue/encode-hits.js';
import { listCounterNames } from '../share-counts.js';
import type { IsFresh, StoredHit, TakeOptions } from '../spool-store.js';
import { TakeDelay } from '../take-delay.js';
import {
  type Decision,
  type RedisAcknowledgmentEvents,
  RedisAcknowledgments,
} from './redis-acknowledgments.js';
import type { RedisConnection } from './redis-connection.js';
import { HOLD, RELEASE } from './redis-scripts.js';
import { type ReadEntry, type RedisEntry, RedisShard } from './redis-shard.js';

export interface RedisBacklogOptions {
  readonly instance: string;
  readonly shards: number;
  readonly leaseMillis: number;
}

/** What the backlog reports to its process. */
export interface RedisBacklogEvents extends RedisAcknowledgmentEvents {
  broken(shard: number): void;
}

/** A shard and the term of its lease. */
type LeaseReply = readonly [shard: number, term: number];

/** How many hits are read at a time to find those that are too old. */
const EXPIRE_AT_ONCE = 1_000;

/** The shards that this process sends, each with its own lease, and their hits. */
export class RedisBacklog {
  readonly #connection: RedisConnection;
  readonly #options: RedisBacklogOptions;
  readonly #events: RedisBacklogEvents;
  readonly #acknowledgments: RedisAcknowledgments;
  readonly #placeOf = new WeakMap<EncodedHit, { shard: RedisShard; entry: RedisEntry }>();
  #shards = new Map<number, RedisShard>();
  #share = 1;
  #term = 0;
  #terms = 0;
  readonly #delay = new TakeDelay();

  constructor(
    connection: RedisConnection,
    options: RedisBacklogOptions,
    events: RedisBacklogEvents,
  ) {
    this.#connection = connection;
    this.#options = options;
    this.#events = events;
    this.#acknowledgments = new RedisAcknowledgments(connection, options.instance, events);
  }

  get term(): number {
    return this.#term;
  }

  /** Start of the oldest request whose hit was read and not taken, in epoch seconds; `Infinity` if there is none. */
  get oldestSeconds(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { ahead } of this.#shards.values()) oldest = Math.min(oldest, startOf(ahead[0]));
    return oldest;
  }

  /** Number of shards whose lease this process holds. */
  get shards(): number {
    return this.#shards.size;
  }

  /** Drops everything that was read: it may be outdated. */
  restart(): void {
    this.#shards.clear();
    this.#term = 0;
  }

  /** Renews leases and acquires free ones. If a lease was lost, a new term begins, even if the lease was acquired again. */
  async hold(): Promise<void> {
    const { instance, leaseMillis, shards } = this.#options;
    const args = [instance, String(leaseMillis), String(shards)];
    const reply = await this.#connection.run(HOLD, args);
    const [share, renewed, acquired] = reply as [number, LeaseReply[], LeaseReply[]];
    this.#share = share;
    const kept = new Set(renewed.map(([number]) => number));
    if ([...this.#shards.keys()].some((number) => !kept.has(number))) this.restart();
    for (const [number, term] of [...renewed, ...acquired]) {
      if (!this.#shards.has(number)) {
        this.#shards.set(number, new RedisShard(this.#connection, number, term));
      }
    }
    if (this.#shards.size > 0 && this.#term === 0) {
      this.#terms += 1;
      this.#term = this.#terms;
    }
  }

  /** Drops hits that are too old. In each shard, hits are nearly in order of age. Returns whether to call it again. */
  async expire(isFresh: IsFresh): Promise<boolean> {
    let hasExpired = false;
    for (const shard of this.#shards.values()) {
      await shard.readAhead(1);
      const expired: RedisEntry[] = [];
      for (let [head] = shard.ahead; head?.hit && !isFresh(head.hit); [head] = shard.ahead) {
        expired.push(head.entry);
        shard.ahead.shift();
        if (shard.ahead.length === 0) await shard.readAhead(EXPIRE_AT_ONCE - expired.length);
      }
      if (expired.length === 0) continue;
      hasExpired = true;
      await this.#drop(expired, 'expired');
    }
    return hasExpired;
  }

  /** The oldest hits; none if there are few and they are recent. */
  async take(options: TakeOptions): Promise<StoredHit[]> {
    const { max, fromStart = false } = options;
    await this.#shareOut();
    const shards = [...this.#shards.values()];
    if (fromStart) {
      await this.#acknowledgments.save();
      for (const shard of shards) shard.rewind();
    }
    await Promise.all(shards.map((shard) => shard.readAhead(max)));
    for (const shard of shards) await this.#dropBroken(shard);
    const waiting = shards.reduce((sum, { ahead }) => sum + ahead.length, 0);
    return this.#delay.isOver(waiting, options) ? this.#takeOldest(shards, max) : [];
  }

  /** Queues results for `save`. */
  acknowledge(hits: readonly EncodedHit[], counts: DeliveryCounters): void {
    const counters = listCounterNames(counts);
    const decided: Decision[] = [];
    for (const [i, hit] of hits.entries()) {
      const place = this.#placeOf.get(hit);
      if (!place) continue;
      place.shard.taken -= 1;
      const { id, shard } = place.entry;
      const current = this.#shards.get(shard);
      if (current !== place.shard) current?.remove(id);
      decided.push([place.entry, counters[i] ?? 'unconfirmed']);
    }
    this.#acknowledgments.add(decided);
  }

  /** Sends results to Redis. */
  save(): Promise<void> {
    return this.#acknowledgments.save();
  }

  /** Releases all leases. */
  async release(): Promise<void> {
    const shards = [...this.#shards.keys()];
    this.restart();
    if (shards.length > 0) await this.#release(shards);
  }

  /** Releases shards beyond this process' share, unless hits of them were taken. */
  async #shareOut(): Promise<void> {
    const surplus = this.#shards.size - this.#share;
    if (surplus <= 0) return;
    const idle = [...this.#shards.values()].filter(({ taken }) => taken === 0).slice(0, surplus);
    for (const { number } of idle) this.#shards.delete(number);
    if (idle.length > 0) await this.#release(idle.map(({ number }) => number));
  }

  async #release(shards: readonly number[]): Promise<void> {
    await this.#connection.run(RELEASE, [this.#options.instance, ...shards.map(String)]);
  }

  #takeOldest(shards: readonly RedisShard[], max: number): StoredHit[] {
    const taken: StoredHit[] = [];
    while (taken.length < max) {
      let oldest: RedisShard | undefined;
      for (const shard of shards) {
        const head = startOf(shard.ahead[0]);
        if (head < startOf(oldest?.ahead[0])) oldest = shard;
      }
      const next = oldest?.ahead.shift();
      if (!oldest || !next?.hit) break;
      this.#placeOf.set(next.hit, { shard: oldest, entry: next.entry });
      oldest.taken += 1;
      taken.push(next.hit);
    }
    return taken;
  }

  async #dropBroken(shard: RedisShard): Promise<void> {
    const broken = shard.ahead.filter(({ hit }) => hit === undefined);
    if (broken.length === 0) return;
    const whole = shard.ahead.filter(({ hit }) => hit !== undefined);
    shard.ahead.splice(0, shard.ahead.length, ...whole);
    this.#events.broken(shard.number);
    await this.#drop(
      broken.map(({ entry }) => entry),
      'spool',
    );
  }

  #drop(entries: readonly RedisEntry[], reason: 'expired' | 'spool'): Promise<void> {
    this.#acknowledgments.add(entries.map((entry) => [entry, reason]));
    return this.#acknowledgments.save();
  }
}

/** Start of a request; `Infinity` if there is none. */
function startOf(read: ReadEntry | undefined): number {
  return read?.hit?.startSeconds ?? Number.POSITIVE_INFINITY;
}
