import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { startOf, toJournalHit } from '../hit-line.js';
import {
  type HitLine,
  type Journal,
  type JournalHit,
  type JournalLine,
  JournalLost,
  MAX_READ_HITS,
  mayTakeOver,
  newInstanceName,
  noticePauses,
  type OnTakenOver,
  type Range,
  type Segment,
} from '../journal.js';
import { type ListedProcess, parseObject, type SpoolOptions } from '../spool-store.js';
import type { RedisConnection } from './redis-connection.js';
import { BEAT, DECIDE, JOIN, LEAVE, LIST, REDIS_KEYS, STORE, TAKE_OVER } from './redis-scripts.js';

/** Interval for checking whether a lost connection is back. */
const RECONNECTED_MILLIS = 50;
/** Wait before the next attempt to store hits that Redis refused, but may have stored before. */
const REFUSED_MILLIS = 500;

export interface RedisJournalOptions extends Pick<SpoolOptions, 'hasToken' | 'times'> {
  readonly connection: RedisConnection;
  readonly onTakenOver: OnTakenOver;
}

/** A stream. IDs are `<number>-0`, with numbers from a counter of the process that wrote the hits. */
class RedisStream implements Segment {
  /** Its key. */
  readonly name: string;
  startSeconds: number;
  unread: number;
  readonly #journal: RedisJournal;
  #position = 1;

  constructor(journal: RedisJournal, name: string, unread = 0, startSeconds = 0) {
    this.#journal = journal;
    this.name = name;
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

  async read() {
    const { connection } = this.#journal.options;
    const { unread } = this; // more may be appended meanwhile
    const most = Math.min(MAX_READ_HITS, unread);
    const lines = await readEntries(connection, this.name, this.#position + 1, most);
    const lost = lines.length < most ? unread - lines.length : 0;
    if (lost > 0) await this.#journal.confirm(); // if Redis fails here, all is read again
    this.#position = lines.at(-1)?.to ?? this.#position;
    this.unread -= lines.length + lost;
    return { lines, lost };
  }

  async markDecided(lines: readonly Range[]): Promise<void> {
    const { connection } = this.#journal.options;
    const ids = lines.map(({ from }) => `${from}-0`);
    await connection.run(DECIDE, [this.#journal.instance, this.name, ...ids]);
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
      const isOther = instance !== this.instance;
      if (!isOther || !isDead || !mayTakeOver(this.options, about.hasToken !== false)) continue;
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
    const { connection, onTakenOver } = this.options;
    const key = `${REDIS_KEYS.streams}${this.instance}`;
    const keys = new Set((await connection.send('SMEMBERS', key)) as string[]);
    for (const [known, { unread }] of this.#streams)
      if (!keys.has(known) && unread === 0) this.#streams.delete(known); // else the set may have been evicted
    for (const stream of keys) {
      if (stream === this.#own.name || this.#streams.has(stream)) continue;
      const { hits, oldestSeconds } = await measureStream(connection, stream);
      this.#streams.set(stream, new RedisStream(this, stream, hits, oldestSeconds));
      if (hits > 0) onTakenOver(hits);
    }
  }

  /** Runs something until Redis has replied, also over later connections. Once it may have run, only a result proves whether it has. */
  async #repeat<T>(run: () => Promise<T>): Promise<T> {
    const { connection } = this.options;
    let mayHaveRun = false;
    for (;;) {
      try {
        return await run();
      } catch (error) {
        const isRefused = connection.isRefusal(error);
        mayHaveRun ||= !isRefused;
        if (!mayHaveRun) throw error;
        const millis = isRefused ? REFUSED_MILLIS : RECONNECTED_MILLIS;
        do {
          if (this.#isClosed) throw error;
          await setTimeout(millis, undefined, { ref: false });
        } while (!connection.isOpen);
      }
    }
  }
}

/** A process is dead if Redis has let `alive:<instance>` expire. */
interface RedisProcess extends ListedProcess {
  /** What it has stored about itself. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** The processes that have journals, oldest first. */
export async function listProcesses(connection: RedisConnection): Promise<RedisProcess[]> {
  const found = (await connection.run(LIST, [])) as [string, string, number, string[]][];
  const processes = found.map(([instance, json, alive, streams]) => {
    const about = parseObject(json);
    const host = typeof about.host === 'string' ? about.host : undefined;
    return { instance, about, host, isAlive: alive === 1, segments: streams.sort() };
  });
  return processes.sort((a, b) => (a.instance < b.instance ? -1 : 1));
}

/** How many hits a stream has, and the start of the first request, in epoch seconds; `Infinity` if there is none. */
export async function measureStream(connection: RedisConnection, stream: string) {
  const hits = Number(await connection.send('XLEN', stream));
  return { hits, oldestSeconds: startOf(await readEntries(connection, stream, 0, 1)) };
}

/** The entries of a stream from a number on, at most `most`. */
export async function readEntries(
  connection: RedisConnection,
  stream: string,
  from: number,
  most: number,
): Promise<JournalLine[]> {
  const reply = await connection.send('XRANGE', stream, `${from}-0`, '+', 'COUNT', String(most));
  return (reply as [id: string, fields: string[]][]).map(([id, [, line = '']]) => {
    const number = Number.parseInt(id, 10);
    return { from: number, to: number, line: Buffer.from(line, 'latin1') };
  });
}
