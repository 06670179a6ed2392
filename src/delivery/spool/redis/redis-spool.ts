import { randomBytes } from 'node:crypto';
import type { DailyKeys } from '../../../common/daily-keys.js';
import type { Diagnostics } from '../../../common/diagnostics.js';
import { SerialQueue } from '../../../common/serial-queue.js';
import { withTimeout } from '../../../common/timers.js';
import type { Hit } from '../../../hit/hit.js';
import { EXIT_WAITS } from '../../exit/exit-waits.js';
import type { DeliveryCounters } from '../../queue/counters.js';
import type { EncodedHit } from '../../queue/encode-hits.js';
import {
  describeSpool,
  newInstanceName,
  requireDescription,
  UnusableSpool,
} from '../spool-description.js';
import { codeOf, SpoolReports } from '../spool-reports.js';
import type { IsFresh, SpoolEvents, SpoolStore, StoredHit, TakeOptions } from '../spool-store.js';
import { TokenWatch } from '../token-watch.js';
import { RedisConnection } from './redis-connection.js';
import { REDIS_KEYS } from './redis-keys.js';
import { RedisLocalHits } from './redis-local-hits.js';
import { DAILY_KEYS, LEAVE, OPEN } from './redis-scripts.js';
import { RedisShards } from './redis-shards.js';
import { shownPlace, splitShards } from './redis-url.js';

/** Interval for sending a heartbeat and reading the results of hits. */
const POLL_MILLIS = 500;
/** Longest wait between attempts to connect. The wait is random, at least half as long, so that not all processes reconnect at once. */
const RECONNECT_MILLIS = 500;
const INSTALL = 'the package redis is not installed; run: npm install redis';

interface RedisSpoolOptions {
  readonly url: string;
  /** URL of the Matomo that gets the hits. */
  readonly matomoUrl: string;
  readonly maxBytes: number;
  /** Fingerprint of the privacy options. */
  readonly privacy?: string | undefined;
  readonly shards: number;
  readonly leaseMillis: number;
  /** Whether visitor IDs use the key that is stored in Redis. */
  readonly keepsVisitorKey: boolean;
  /** Keys of visitor IDs that Redis stores, one for each day. */
  readonly dailyKeys?: DailyKeys | undefined;
  /** Runs a function without recording spans. */
  readonly quietly: <T>(run: () => T) => T;
}

/** Streams in Redis, for processes on several machines. For its keys see `redis-keys.ts`. */
class RedisSpool implements SpoolStore {
  readonly ready: Promise<void>;
  /** Available when `ready` is resolved. */
  visitorKey: Buffer = randomBytes(32);
  readonly #options: RedisSpoolOptions;
  readonly #instance: string;
  readonly #reports: SpoolReports;
  readonly #connection: RedisConnection;
  readonly #own: RedisLocalHits;
  readonly #shards: RedisShards;
  readonly #token: TokenWatch;
  #state: 'opening' | 'usable' | 'refused' | 'closed' = 'opening';
  #timer: NodeJS.Timeout | undefined;
  readonly #steps: SerialQueue;
  #becomeReady: () => void = () => undefined;
  #knownDays = '';
  #closed: Promise<void> | undefined;

  constructor(options: RedisSpoolOptions, instance: string, reports: SpoolReports) {
    this.#options = options;
    this.#instance = instance;
    this.#reports = reports;
    this.#steps = new SerialQueue({
      onError: (error) => {
        if (this.#connection.isOpen) reports.unreadable(error); // lost connections are reported when hits are stored
      },
    });
    this.#connection = new RedisConnection(options.url, options.quietly);
    const parts = { ...options, instance };
    this.#own = new RedisLocalHits(this.#connection, parts, reports);
    this.#shards = new RedisShards(this.#connection, parts, {
      learn: (reply, oldestSeconds) => this.#own.learn(reply, 0, oldestSeconds),
      overlap: (hits) => reports.overlap(hits),
      broken: (shard) => reports.broken(`${REDIS_KEYS.hits}${shard}`),
    });
    this.#token = new TokenWatch(
      {
        read: async () =>
          (await this.#connection.send('GET', REDIS_KEYS.token)) as string | undefined,
        write: async (fingerprint) => {
          await this.#connection.send('SET', REDIS_KEYS.token, fingerprint);
        },
      },
      reports,
    );
    this.ready = new Promise((resolve) => {
      this.#becomeReady = resolve;
    });
  }

  get pending(): number {
    return this.#own.writing + this.#own.open;
  }

  get spooled(): number {
    return this.#own.open;
  }

  get takenOver(): number {
    return this.#own.takenOver;
  }

  get isWritable(): boolean {
    if (this.#state === 'opening') return true;
    return this.#state === 'usable' && this.#connection.isOpen && this.#own.isWritable;
  }

  get room(): number {
    return this.#own.room;
  }

  get lease(): number {
    return this.#connection.isOpen ? this.#shards.lease : 0;
  }

  get hits(): number {
    return this.#own.hitsOfAll;
  }

  get oldestSeconds(): number {
    return this.#shards.oldestSeconds;
  }

  start(events: SpoolEvents): void {
    this.#own.start(events);
    void this.#poll();
  }

  append(hits: readonly Hit[]): void {
    this.#own.append(hits);
  }

  write(): Promise<void> {
    return this.#own.write();
  }

  /** Redis can no longer be awaited: returns what is not being sent to it. */
  storeSync(hits: readonly Hit[]): readonly Hit[] {
    return [...this.#own.takeUnsent(this.#connection.isOpen), ...hits];
  }

  mayStillSend(lease: number): Promise<boolean> {
    return this.#step(async () => {
      await this.#shards.save(); // so that a kill duplicates only the bulk in flight
      await this.#shards.hold();
      return lease !== 0 && lease === this.#shards.lease;
    }, false);
  }

  async expire(isFresh: IsFresh): Promise<void> {
    // One step each, so that other steps, which keep the lease, are between them.
    while (await this.#step(() => this.#shards.expire(isFresh), false));
  }

  take(options: TakeOptions): Promise<readonly StoredHit[]> {
    return this.#step(async () => {
      const hits = await this.#shards.take(options);
      this.#reports.taken(hits);
      return hits;
    }, []);
  }

  acknowledge(hits: readonly EncodedHit[], counts: DeliveryCounters): void {
    this.#shards.acknowledge(hits, counts);
    void this.#step(() => this.#shards.save(), undefined);
  }

  recordToken(fingerprint: string, isTracked: boolean): void {
    this.#token.record(fingerprint, isTracked);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    const leave = this.#step(async () => {
      await this.#own.report();
      await this.#shards.save();
      await this.#shards.release();
      await this.#connection.run(LEAVE, [this.#instance]);
    }, undefined);
    await withTimeout(EXIT_WAITS.spoolReportMillis, leave);
    this.#state = 'closed';
    this.#own.giveUpMissing();
    this.#own.giveBack();
    this.#connection.close();
    this.#reports.close();
    this.#becomeReady();
  }

  async #poll(): Promise<void> {
    try {
      if (!this.#connection.isOpen) await this.#open();
      await this.#updateDailyKeys();
      await this.#own.report();
      await this.#step(async () => {
        await this.#shards.save();
        await this.#shards.hold();
      }, undefined);
    } catch (error) {
      if (this.#closed !== undefined) return;
      this.#fail(error);
    }
    if (this.#state === 'opening') this.#state = 'usable';
    this.#becomeReady();
    if (this.#closed !== undefined || this.#state === 'refused') return;
    const millis = this.#connection.isOpen
      ? POLL_MILLIS
      : RECONNECT_MILLIS * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => void this.#poll(), millis).unref();
  }

  /** Connects, and checks that the database belongs to this Matomo. */
  async #open(): Promise<void> {
    const { matomoUrl, keepsVisitorKey } = this.#options;
    this.#shards.restart();
    await this.#connection.open();
    const key = await claimRedis(this.#connection, matomoUrl, keepsVisitorKey);
    if (this.#state === 'opening' && key) this.visitorKey = key;
  }

  /** Three times a day: at midnight, an hour later, and before the next midnight. */
  async #updateDailyKeys(): Promise<void> {
    const { dailyKeys } = this.#options;
    const days = dailyKeys?.days.join() ?? '';
    if (!dailyKeys || days === this.#knownDays) return;
    await keepDailyKeys(this.#connection, dailyKeys);
    this.#knownDays = days;
  }

  #fail(error: unknown): void {
    const isMissing = /^(?:ERR_)?MODULE_NOT_FOUND$/.test(codeOf(error));
    if (isMissing || error instanceof UnusableSpool) {
      this.#state = 'refused';
      this.#connection.close();
      this.#own.giveBack();
      this.#reports.notUsed(isMissing ? INSTALL : (error as Error).message);
      return;
    }
    this.#reports.notWritten(error);
    if (this.#state === 'opening' && (this.#options.keepsVisitorKey || this.#options.dailyKeys)) {
      this.#reports.noVisitorKey(error);
    }
  }

  /** Runs a step if there is a connection. Never rejects. */
  #step<T>(run: () => Promise<T>, otherwise: T): Promise<T> {
    return this.#steps.run(() => (this.#connection.isOpen ? run() : otherwise), otherwise);
  }
}

export interface OpenRedisSpoolOptions extends Omit<RedisSpoolOptions, 'leaseMillis' | 'shards'> {
  readonly exportTimeoutMillis: number;
}

/** How much longer a lease is than the timeout of a bulk: time to send after renewing it, and to acknowledge the response. */
const LEASE_MARGIN_MILLIS = 3_000;

/** Opens the spool in a Redis, which need not be available yet. */
export function openRedisSpool(
  { exportTimeoutMillis, ...options }: OpenRedisSpoolOptions,
  diagnostics: Diagnostics,
): RedisSpool {
  const instance = newInstanceName();
  const leaseMillis = exportTimeoutMillis + LEASE_MARGIN_MILLIS;
  const reports = new SpoolReports(shownPlace(options.url), diagnostics, options.privacy);
  const { shards } = splitShards(options.url);
  return new RedisSpool({ ...options, shards, leaseMillis }, instance, reports);
}

/**
 * Makes a database the spool of one Matomo. If `keepsKey`, returns the visitor key that all its users share. Rejects if the database
 * belongs to another Matomo.
 */
async function claimRedis(
  connection: RedisConnection,
  url: string,
  keepsKey: boolean,
): Promise<Buffer | undefined> {
  const description = describeSpool(url);
  const ownKey = keepsKey ? randomBytes(32).toString('hex') : '';
  const [found, key] = (await connection.run(OPEN, [description, ownKey])) as [string, string];
  requireDescription(found, url, REDIS_KEYS.description);
  return keepsKey ? Buffer.from(key, 'hex') : undefined;
}

/** Shares the keys of the current days by the clock of Redis, which deletes them later. */
async function keepDailyKeys(connection: RedisConnection, keys: DailyKeys): Promise<void> {
  const own = keys.days.flatMap((day) => [String(day), randomBytes(32).toString('hex')]);
  const found = (await connection.run(DAILY_KEYS, own)) as string[];
  keys.days.forEach((day, index) => {
    const key = found[index];
    if (key) keys.learn(day, Buffer.from(key, 'hex'));
  });
}
