import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { readLine, toJournalHit } from '../hit-line.js';
import {
  type HitLine,
  type Journal,
  type JournalEvents,
  type JournalHit,
  JournalLost,
  MAX_READ_HITS,
  type Segment,
} from '../journal.js';
import { newInstanceName } from '../spool-description.js';
import type { SpoolStoreOptions } from '../spool-store.js';
import { mayTakeOver, noticePauses } from '../take-over.js';
import type { RedisConnection } from './redis-connection.js';
import { BEAT, DECIDE, JOIN, LEAVE, REDIS_KEYS, STORE } from './redis-scripts.js';
import { listProcesses, TAKE_OVER } from './take-over.js';

/** Interval for checking whether a lost connection is back. */
const RECONNECTED_MILLIS = 50;

export interface RedisJournalOptions extends Pick<SpoolStoreOptions, 'hasToken' | 'times'> {
  readonly connection: RedisConnection;
  readonly events: JournalEvents;
}

/** A stream. IDs are `<number>-0`, with numbers from a counter of the process that wrote the hits. */
class RedisStream implements Segment {
  readonly key: string;
  startSeconds: number;
  unread: number;
  readonly #journal: RedisJournal;
  #position = 1;

  constructor(journal: RedisJournal, key: string, unread = 0, startSeconds = 0) {
    this.#journal = journal;
    this.key = key;
    this.unread = unread;
    this.startSeconds = startSeconds;
  }

  /** Lines were stored from the number `from` on. With `keeps`, returns the hits as read. */
  append(lines: readonly HitLine[], from: number, keeps: boolean): readonly JournalHit[] {
    if (this.unread === 0) this.startSeconds = lines[0]?.hit.startSeconds ?? 0;
    if (keeps) this.#position = from + lines.length - 1;
    else this.unread += lines.length;
    if (!keeps) return [];
    return lines.map(({ hit, line }, i) => toJournalHit(hit, line, this, from + i, from + i));
  }

  async read(): Promise<readonly JournalHit[]> {
    const { connection, events } = this.#journal.options;
    const { unread } = this; // more may be appended meanwhile
    const most = Math.min(MAX_READ_HITS, unread);
    const entries = await readEntries(connection, this.key, this.#position + 1, most);
    const lost = entries.length < most ? unread - entries.length : 0;
    const hits: JournalHit[] = [];
    const damaged: { readonly from: number }[] = [];
    for (const { number: from, line } of entries) {
      const hit = readLine(line);
      if (hit) hits.push({ ...hit, segment: this, from, to: from });
      else damaged.push({ from });
    }
    // If Redis fails here, all is read again.
    if (damaged.length > 0) await this.markDecided(damaged);
    if (lost > 0) await this.#journal.confirm();
    this.#position = entries.at(-1)?.number ?? this.#position;
    this.unread -= entries.length + lost;
    if (damaged.length > 0) events.damaged(this.key, damaged.length);
    events.lost(lost);
    return hits;
  }

  async markDecided(hits: readonly { readonly from: number }[]): Promise<void> {
    const { connection } = this.#journal.options;
    const ids = hits.map(({ from }) => `${from}-0`);
    await connection.run(DECIDE, [this.#journal.instance, this.key, ...ids]);
  }
}

/** Streams in Redis, for processes on several machines. For the keys see `redis-scripts.ts`. */
export class RedisJournal implements Journal {
  readonly instance: string = newInstanceName();
  readonly options: RedisJournalOptions;
  readonly #awakeSince: () => number;
  spoolBytes = 0;
  readonly #own: RedisStream;
  /** Streams with hits that were taken over, by key. */
  readonly #streams = new Map<string, RedisStream>();
  #nextNumber = 2;
  #isClosed = false;

  private constructor(options: RedisJournalOptions) {
    this.options = options;
    this.#awakeSince = noticePauses(options.times.deadMillis);
    this.#own = new RedisStream(this, `${REDIS_KEYS.hits}${this.instance}`);
  }

  /** Makes an empty journal. */
  static async create(options: RedisJournalOptions): Promise<RedisJournal> {
    const journal = new RedisJournal(options);
    const { instance } = journal;
    const millis = String(options.times.deadMillis);
    await options.connection.run(JOIN, [instance, journal.#describe(false), millis]);
    return journal;
  }

  get isOpen(): boolean {
    return this.options.connection.isOpen && !this.#isClosed;
  }

  get segments(): RedisStream[] {
    return [this.#own, ...this.#streams.values()];
  }

  async append(lines: readonly HitLine[], keeps: boolean): Promise<readonly JournalHit[]> {
    const { connection } = this.options;
    const first = this.#nextNumber;
    this.#nextNumber += lines.length;
    const texts = lines.map(({ line }) => line.toString('latin1', 0, line.length - 1));
    const stored = await this.#repeat(() =>
      connection.run(STORE, [this.instance, String(first), ...texts]),
    );
    if (stored !== 1) throw new JournalLost('its stream is gone');
    this.spoolBytes += texts.reduce((sum, { length }) => sum + length, 0);
    return this.#own.append(lines, first, keeps);
  }

  async confirm(): Promise<void> {
    const { connection, times } = this.options;
    const reply = await connection.run(BEAT, [this.instance, String(times.deadMillis)]);
    const [isThere, bytes] = reply as [number, number];
    this.spoolBytes = bytes;
    if (isThere !== 1) throw new JournalLost('its stream is gone');
  }

  keepAlive(): Promise<void> {
    return this.confirm();
  }

  async takeOver(most: number): Promise<number> {
    const { connection, times } = this.options;
    // After an outage of Redis or of the network, each gets time to show that it is alive, unless it has ended.
    const sinceMillis = Math.max(this.#awakeSince(), connection.openedMillis);
    const hadTime = performance.now() - sinceMillis >= times.deadMillis;
    let taken = 0;
    for (const { instance, about, isAlive } of await listProcesses(connection)) {
      if (taken === most) break;
      const isDead = !isAlive && (hadTime || about.hasEnded === true);
      if (instance === this.instance || !isDead || !mayTakeOver(this.options, about)) continue;
      taken += Number(await connection.run(TAKE_OVER, [this.instance, instance]));
    }
    await this.#adopt();
    return taken;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.options.connection.run(LEAVE, [this.instance, this.#describe(true)]);
  }

  #describe(hasEnded: boolean): string {
    const { hasToken } = this.options;
    return JSON.stringify({ host: hostname(), hasToken, hasEnded });
  }

  /** Opens streams that were taken over, also those of an earlier attempt. */
  async #adopt(): Promise<void> {
    const { connection, events } = this.options;
    const key = `${REDIS_KEYS.streams}${this.instance}`;
    const keys = new Set((await connection.send('SMEMBERS', key)) as string[]);
    for (const known of this.#streams.keys()) if (!keys.has(known)) this.#streams.delete(known);
    for (const stream of keys) {
      if (stream === this.#own.key || this.#streams.has(stream)) continue;
      const { hits, oldestSeconds } = await measureStream(connection, stream);
      this.#streams.set(stream, new RedisStream(this, stream, hits, oldestSeconds));
      if (hits > 0) events.takenOver(hits, oldestSeconds);
    }
  }

  /** Runs something until Redis has replied, also over later connections. */
  async #repeat<T>(run: () => Promise<T>): Promise<T> {
    const { connection } = this.options;
    for (;;) {
      try {
        return await run();
      } catch (error) {
        if (connection.isRefusal(error)) throw error;
        do {
          if (this.#isClosed) throw error;
          await setTimeout(RECONNECTED_MILLIS, undefined, { ref: false });
        } while (!connection.isOpen);
      }
    }
  }
}

/** How many hits a stream has, and the start of the first request, in epoch seconds; `Infinity` if there is none. */
export async function measureStream(connection: RedisConnection, stream: string) {
  const hits = Number(await connection.send('XLEN', stream));
  const [oldest] = await readEntries(connection, stream, 0, 1);
  const startSeconds = oldest && readLine(oldest.line)?.startSeconds;
  return { hits, oldestSeconds: startSeconds ?? Number.POSITIVE_INFINITY };
}

/** The entries of a stream from a number on, at most `most`. */
export async function readEntries(
  connection: RedisConnection,
  stream: string,
  from: number,
  most: number,
) {
  const reply = await connection.send('XRANGE', stream, `${from}-0`, '+', 'COUNT', String(most));
  return (reply as [id: string, fields: string[]][]).map(([id, [, line = '']]) => ({
    number: Number.parseInt(id, 10),
    line: Buffer.from(line, 'latin1'),
  }));
}
