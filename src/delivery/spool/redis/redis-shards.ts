import { type CounterName, type DeliveryCounters, listCounterNames } from '../../queue/counters.js';
import type { EncodedHit } from '../../queue/encode-hits.js';
import { readLine } from '../hit-line.js';
import type { IsFresh, StoredHit, TakeOptions } from '../spool-store.js';
import {
  type OrderedHits,
  oldestSecondsOf,
  TakeDelay,
  takeExpired,
  takeOldest,
} from '../take-oldest.js';
import type { RedisConnection } from './redis-connection.js';
import { REDIS_KEYS } from './redis-keys.js';
import { ACKNOWLEDGE, HOLD, RELEASE } from './redis-scripts.js';

interface RedisShardsOptions {
  readonly instance: string;
  readonly shards: number;
  readonly leaseMillis: number;
}

/** What the lease holder learns about hits. */
interface RedisShardsEvents extends RedisAcknowledgmentEvents {
  broken(shard: number): void;
}

/** A shard and the number of its lease. */
type LeaseReply = readonly [shard: number, lease: number];

/** Where a hit was read. */
interface RedisPlace {
  readonly shard: RedisShard;
  readonly entry: RedisEntry;
}

/** How many hits are read at a time to find those that are too old. */
const EXPIRE_AT_ONCE = 1_000;

const PLACES = new WeakMap<EncodedHit, RedisPlace>();

/** The shards whose leases this process holds, and their hits, which it sends. */
export class RedisShards {
  readonly #connection: RedisConnection;
  readonly #options: RedisShardsOptions;
  readonly #events: RedisShardsEvents;
  readonly #acknowledgments: RedisAcknowledgments;
  #shards = new Map<number, RedisShard>();
  #share = 1;
  #lease = 0;
  #acquired = 0;
  readonly #delay = new TakeDelay();

  constructor(connection: RedisConnection, options: RedisShardsOptions, events: RedisShardsEvents) {
    this.#connection = connection;
    this.#options = options;
    this.#events = events;
    this.#acknowledgments = new RedisAcknowledgments(connection, options.instance, events);
  }

  /** Another number after a lease was lost; 0 if this process holds none. */
  get lease(): number {
    return this.#lease;
  }

  /** Start of the oldest request whose hit was read and not taken, in epoch seconds; `Infinity` if there is none. */
  get oldestSeconds(): number {
    return oldestSecondsOf(this.#shards.values());
  }

  /** Number of shards whose lease this process holds. */
  get count(): number {
    return this.#shards.size;
  }

  /** Drops everything that was read: it may be outdated. */
  restart(): void {
    this.#shards.clear();
    this.#lease = 0;
  }

  /** Renews leases and acquires free ones. If a lease was lost, all shards are read again, even if the lease was acquired again. */
  async hold(): Promise<void> {
    const { instance, leaseMillis, shards } = this.#options;
    const args = [instance, String(leaseMillis), String(shards)];
    const reply = await this.#connection.run(HOLD, args);
    const [share, renewed, acquired] = reply as [number, LeaseReply[], LeaseReply[]];
    this.#share = share;
    const kept = new Set(renewed.map(([number]) => number));
    if ([...this.#shards.keys()].some((number) => !kept.has(number))) this.restart();
    for (const [number, lease] of [...renewed, ...acquired]) {
      if (!this.#shards.has(number)) {
        this.#shards.set(number, new RedisShard(this.#connection, number, lease));
      }
    }
    if (this.#shards.size > 0 && this.#lease === 0) {
      this.#acquired += 1;
      this.#lease = this.#acquired;
    }
  }

  /** Drops hits that are too old. In each shard, hits are nearly in order of age. Returns whether to call it again. */
  async expire(isFresh: IsFresh): Promise<boolean> {
    let hasExpired = false;
    for (const shard of this.#shards.values()) {
      await shard.readAhead(1);
      const expired = takeExpired(shard, isFresh);
      if (expired.length > 0) {
        await shard.readAhead(EXPIRE_AT_ONCE - expired.length);
        expired.push(...takeExpired(shard, isFresh));
      }
      if (expired.length === 0) continue;
      hasExpired = true;
      const entries = expired.flatMap((hit) => PLACES.get(hit)?.entry ?? []);
      await this.#drop(entries, 'expired');
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
    for (const shard of shards) await this.#dropDamaged(shard);
    const waiting = shards.reduce((sum, { ahead }) => sum + ahead, 0);
    if (!this.#delay.isOver(waiting, options)) return [];
    const hits = takeOldest(shards, max);
    for (const hit of hits) {
      const place = PLACES.get(hit);
      if (place) place.shard.taken += 1;
    }
    return hits;
  }

  /** Queues results for `save`. */
  acknowledge(hits: readonly EncodedHit[], counts: DeliveryCounters): void {
    const counters = listCounterNames(counts);
    const decided: Decision[] = [];
    for (const [i, hit] of hits.entries()) {
      const place = PLACES.get(hit);
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
    const excess = this.#shards.size - this.#share;
    if (excess <= 0) return;
    const idle = [...this.#shards.values()].filter(({ taken }) => taken === 0).slice(0, excess);
    for (const { number } of idle) this.#shards.delete(number);
    if (idle.length > 0) await this.#release(idle.map(({ number }) => number));
  }

  async #release(shards: readonly number[]): Promise<void> {
    await this.#connection.run(RELEASE, [this.#options.instance, ...shards.map(String)]);
  }

  async #dropDamaged(shard: RedisShard): Promise<void> {
    const damaged = shard.damaged.splice(0);
    if (damaged.length === 0) return;
    this.#events.broken(shard.number);
    await this.#drop(damaged, 'spool');
  }

  #drop(entries: readonly RedisEntry[], reason: 'expired' | 'spool'): Promise<void> {
    this.#acknowledgments.add(entries.map((entry) => [entry, reason]));
    return this.#acknowledgments.save();
  }
}

/** The hits of one shard, as its lease holder reads them, oldest first. */
class RedisShard implements OrderedHits<StoredHit> {
  readonly number: number;
  /** Lines that were read and have no valid hit. */
  readonly damaged: RedisEntry[] = [];
  /** Number of hits that are being sent and have no result. */
  taken = 0;
  readonly #connection: RedisConnection;
  readonly #lease: number;
  readonly #ahead: StoredHit[] = [];
  #last = '-';

  /** `lease`: how often the lease was acquired, which distinguishes lease holders. */
  constructor(connection: RedisConnection, number: number, lease: number) {
    this.#connection = connection;
    this.number = number;
    this.#lease = lease;
  }

  /** How many hits were read and not taken. */
  get ahead(): number {
    return this.#ahead.length;
  }

  get head(): StoredHit | undefined {
    return this.#ahead[0];
  }

  take(): StoredHit | undefined {
    return this.#ahead.shift();
  }

  /** Reads until `count` hits are ahead, if there are that many. */
  async readAhead(count: number): Promise<void> {
    const missing = count - this.#ahead.length;
    if (missing <= 0) return;
    const key = `${REDIS_KEYS.hits}${this.number}`;
    const after = this.#last === '-' ? '-' : `(${this.#last}`;
    const command = ['XRANGE', key, after, '+', 'COUNT', String(missing)];
    const entries = (await this.#connection.send(...command)) as [string, string[]][];
    for (const [id, [, owner = '', , line = '']] of entries) {
      const entry = { id, shard: this.number, lease: this.#lease, owner, size: line.length };
      const hit = readLine(Buffer.from(line, 'latin1'));
      if (hit) {
        this.#ahead.push(hit);
        PLACES.set(hit, { shard: this, entry });
      } else {
        this.damaged.push(entry);
      }
      this.#last = id;
    }
  }

  /** Reads again from the first hit without a result. */
  rewind(): void {
    this.#ahead.length = 0;
    this.damaged.length = 0;
    this.taken = 0;
    this.#last = '-';
  }

  /** Removes a hit that got its result after it was read here. */
  remove(id: string): void {
    const index = this.#ahead.findIndex((hit) => PLACES.get(hit)?.entry.id === id);
    if (index >= 0) this.#ahead.splice(index, 1);
  }
}

/** The position of a hit in Redis. */
interface RedisEntry {
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
type Decision = readonly [RedisEntry, CounterName];

interface RedisAcknowledgmentEvents {
  /** Redis' reply about the process that sent these hits, and when the first of those that others made was stored. */
  learn(reply: unknown, oldestOfOthersSeconds: number): void;
  /** Hits that were being sent when another process took over the lease, and may be duplicated. */
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
class RedisAcknowledgments {
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
