import { hostname } from 'node:os';
import { crc32 } from 'node:zlib';
import { SerialQueue } from '../../../common/serial-queue.js';
import type { Hit } from '../../../hit/hit.js';
import { lostHits } from '../../queue/counters.js';
import { LINE_BYTES, toLines } from '../hit-line.js';
import type { SpoolReports } from '../spool-reports.js';
import type { SpoolEvents } from '../spool-store.js';
import { RedisAccount, toFields } from './redis-account.js';
import { NotConnected, type RedisConnection } from './redis-connection.js';
import { REPORT, STORE } from './redis-scripts.js';

/** Hits that one script stores. Redis does nothing else while the script runs. */
const PORTION = 200;
/** If storing takes longer than this, new hits wait in memory. */
const SLOW_MILLIS = 500;

interface RedisLocalHitsOptions {
  readonly instance: string;
  readonly shards: number;
  readonly maxBytes: number;
  readonly privacy?: string | undefined;
  /** How long the result of a hit that Redis has lost may take: the hit may be on its way to Matomo. */
  readonly leaseMillis: number;
}

/** The hits of this process: this process stores them, lease holders send them, and this process counts their results. */
export class RedisLocalHits {
  readonly #connection: RedisConnection;
  readonly #options: RedisLocalHitsOptions;
  readonly #reports: SpoolReports;
  readonly #account = new RedisAccount();
  #events: SpoolEvents | undefined;
  #waiting: Hit[] = [];
  /** Hits being stored. If there was no reply, they are sent to Redis again, which stores them once. */
  #batch: readonly Hit[] = [];
  #batches = 0;
  #sinceMillis = Number.POSITIVE_INFINITY;
  #isWell = true;
  #takenOver = 0;
  #missingSinceMillis = 0;
  /** Hits of all processes in Redis, as of the last report. */
  hitsOfAll = 0;
  /** Bytes of all processes in Redis, as of the last report. */
  #bytes = 0;
  readonly #steps = new SerialQueue({ onError: (error) => this.#fail(error) });

  constructor(connection: RedisConnection, options: RedisLocalHitsOptions, reports: SpoolReports) {
    this.#connection = connection;
    this.#options = options;
    this.#reports = reports;
  }

  /** Hits that are being stored or wait for it. */
  get writing(): number {
    return this.#waiting.length + this.#batch.length;
  }

  /** Hits in Redis without a result that this process counts. */
  get open(): number {
    return this.#account.open;
  }

  get takenOver(): number {
    return this.#takenOver;
  }

  get isWritable(): boolean {
    return this.#isWell && performance.now() - this.#sinceMillis < SLOW_MILLIS;
  }

  get room(): number {
    return this.#options.maxBytes - this.#bytes - this.writing * LINE_BYTES;
  }

  start(events: SpoolEvents): void {
    this.#events = events;
  }

  append(hits: readonly Hit[]): void {
    this.#waiting.push(...hits);
  }

  /** Stores waiting hits, or gives them back. Never rejects. */
  write(): Promise<void> {
    if (this.#waiting.length === 0) return this.#steps.ended; // proves nothing about Redis
    return this.#next(async () => {
      if (this.#waiting.length > 0) await this.#reportAll();
    });
  }

  /** Stores waiting hits, sends a heartbeat, and reads the results of this process' hits. Never rejects. */
  report(): Promise<void> {
    return this.#next(() => this.#reportAll());
  }

  /** Reads Redis' reply about this process. */
  learn(reply: unknown, added = 0, oldestOfOthersSeconds: number = Number.POSITIVE_INFINITY): void {
    const fields = toFields(reply);
    this.#bytes = fields.get('bytes') ?? this.#bytes;
    this.hitsOfAll = fields.get('hits') ?? this.hitsOfAll;
    const { missing } = this.#account;
    const { counts, takenOver } = this.#account.learn(fields, added);
    this.#takenOver += takenOver;
    if (takenOver > 0) this.#reports.takenOver(takenOver, oldestOfOthersSeconds);
    this.#events?.count(counts);
    if (counts.lost.spool > 0) this.#reports.lost(counts.lost.spool, 'they are damaged');
    const now = performance.now();
    if (this.#account.missing > missing) this.#missingSinceMillis = now;
    else if (now - this.#missingSinceMillis > this.#options.leaseMillis) this.giveUpMissing();
  }

  /** Counts hits as lost that Redis no longer has. */
  giveUpMissing(): void {
    const missing = this.#account.giveUpMissing();
    if (missing === 0) return;
    this.#events?.count(lostHits('spool', missing));
    this.#reports.lost(missing, 'Redis no longer has them');
  }

  /** Gives back hits that may not be stored. */
  giveBack(): void {
    const hits = [...this.#batch, ...this.#waiting];
    this.#batch = [];
    this.#waiting = [];
    if (hits.length > 0) this.#events?.giveBack(hits);
  }

  /** Removes and returns hits that are not being sent to Redis. Without a connection, that is all of them. */
  takeUnsent(isConnected: boolean): Hit[] {
    const unsent = isConnected ? this.#waiting : [...this.#batch, ...this.#waiting];
    this.#waiting = [];
    if (!isConnected) this.#batch = [];
    return unsent;
  }

  #next(run: () => Promise<void>): Promise<void> {
    return this.#steps.run(async () => {
      await run();
      this.#isWell = true;
    });
  }

  #fail(error: unknown): void {
    this.#isWell = false;
    this.#sinceMillis = Number.POSITIVE_INFINITY;
    this.#reports.notWritten(error);
    const back = this.#waiting;
    this.#waiting = [];
    if (back.length > 0) this.#events?.giveBack(back);
  }

  async #reportAll(): Promise<void> {
    do await this.#report();
    while (this.#waiting.length > 0);
  }

  async #report(): Promise<void> {
    const { instance, shards, maxBytes, privacy } = this.#options;
    const isNew = this.#batch.length === 0;
    if (isNew) {
      this.#batch = this.#waiting.splice(0, PORTION);
      if (this.#batch.length > 0) this.#batches += 1;
    }
    const batch = this.#batch;
    this.#sinceMillis = performance.now();
    const lines = toLines(batch, privacy).flatMap((line, i) => [
      String(crc32((batch[i] as Hit).visitor) % shards),
      line.toString('latin1', 0, line.length - 1),
    ]);
    const head = [instance, hostname(), String(this.#batches), String(maxBytes)];
    let reply: unknown;
    try {
      reply = await this.#connection.run(lines.length > 0 ? STORE : REPORT, [...head, ...lines]);
    } catch (error) {
      if (isNew && isRefusal(error)) this.#takeBack(batch);
      throw error;
    }
    this.#sinceMillis = Number.POSITIVE_INFINITY;
    if (this.#batch !== batch) return; // was returned in the meantime
    this.#batch = [];
    const kept = batch.length === 0 ? 0 : (toFields(reply).get('kept') ?? 0);
    this.learn(reply, kept);
    if (kept > 0) this.#reports.written();
    if (kept < batch.length) this.#lose(batch.length - kept);
  }

  #takeBack(batch: readonly Hit[]): void {
    if (batch.length === 0) return;
    this.#batches -= 1;
    this.#batch = [];
    this.#waiting.unshift(...batch);
  }

  /** New hits are dropped: losing the end of a visit is better than losing its start. */
  #lose(hits: number): void {
    this.#events?.count(lostHits('spool', hits));
    this.#reports.full(hits, this.#options.maxBytes);
  }
}

/** Whether an error proves that Redis stored nothing: there was no connection, or Redis is full. */
function isRefusal(error: unknown): boolean {
  return error instanceof NotConnected || (error as Error).message.startsWith('OOM');
}
