import { randomInt } from 'node:crypto';
import { codeOf } from '../../common/describe-error.js';
import { SerialQueue } from '../../common/serial-queue.js';
import { AsyncScope, withTimeout } from '../../common/timers.js';
import { RedisConnection } from './redis-connection.js';
import { shareKeys } from './redis-keys.js';
import { DESCRIPTION, MEASURE, OPEN, PROBE, SENDING } from './redis-scripts.js';
import {
  ALL_STREAMS,
  type Measured,
  NOTHING_WAITS,
  toWaiting,
  type Waiting,
} from './redis-streams.js';
import type { SpoolOptions } from './spool-options.js';

const FORMAT = 2;
const INSTALL = 'the package redis is not installed; run: npm install redis';
/** A full spool takes hits again when a tenth of it is free. */
const FULL = 0.9;

/** The database is the spool for another Matomo. */
class ForeignSpool extends Error {}

/** A script with its arguments after description and mark. */
interface Run {
  readonly script: string;
  readonly args: readonly string[];
}

/** `unknown`: the reply was lost, and the script may have run. */
interface Outcome {
  readonly kind: 'replied' | 'refused' | 'unknown';
  readonly reply?: unknown;
}

/** What is run until Redis replies, also over later connections. It takes effect once. */
interface Repeat extends Run {
  /** Hits that are stored by it, which only this process knows until then. */
  readonly stores: number;
}

/** The Matomo whose hits are in a spool; `undefined` if this version cannot read it. */
export function ownerOf(description: string): string | undefined {
  return description.startsWith(`${FORMAT} `) ? description.split(' ')[1] : undefined;
}

/** Keeps a connection to a spool, as long as Redis lets it. */
export class RedisLink {
  /** Scripts can run. */
  isReady = false;
  /** Redis has refused to store more, or the spool has its maximum size. */
  isFull = false;
  /** As measured, and what this process has changed since. */
  waiting: Waiting = { ...NOTHING_WAITS };
  readonly #options: SpoolOptions;
  readonly #description: string;
  readonly #connection: RedisConnection;
  readonly #mark = String(randomInt(SENDING, 2 ** 48));
  readonly #polls = new SerialQueue({ scope: new AsyncScope('MatomoRedis') });
  readonly #repeats: Repeat[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** It was ready before: what is missing since, somebody has deleted. */
  #wasReady = false;
  /** The days whose visitor keys are shared. */
  #sharedDays: string | undefined;
  #isClosed = false;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#description = `${FORMAT} ${options.matomoUrl}`;
    this.#connection = new RedisConnection(options.place, options.limits.operationMillis);
  }

  /** Makes the first attempt to connect, and more in the background. */
  start(): Promise<void> {
    return this.#polls.run(() => this.#poll());
  }

  /** Hits of which Redis has not confirmed that they are stored. */
  get unconfirmedHits(): number {
    return this.#repeats.reduce((sum, { stores }) => sum + stores, 0);
  }

  /** Never rejects. */
  async run(run: Run): Promise<Outcome> {
    try {
      const reply = await this.#send(run);
      if (reply !== null) return { kind: 'replied', reply };
      this.isReady = false; // the spool was deleted: #prepare makes it again
      return { kind: 'refused' };
    } catch (error) {
      this.#fail(error);
      return { kind: this.#connection.isRefusal(error) ? 'refused' : 'unknown' };
    }
  }

  /** Nothing else runs before this has run, but claims if Redis is too full for it. */
  repeat(repeat: Repeat): void {
    this.isReady = false;
    this.#repeats.push(repeat);
    if (this.#isClosed) this.#abandon();
  }

  /** Hits are not stored, because there is no room. */
  fill(reason: unknown): void {
    this.isFull = true;
    this.#options.log.beginUnwritable(reasonOf(reason));
  }

  async close(): Promise<void> {
    const polled = this.#polls.run(async () => {
      if (this.#repeats.length > 0) await this.#poll();
    });
    await withTimeout(this.#options.limits.closeMillis, polled);
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.isReady = false;
    this.#connection.close();
    this.#abandon();
  }

  #send({ script, args }: Run): Promise<unknown> {
    return this.#connection.run(script, [this.#description, this.#mark, ...args]);
  }

  /** Connects if necessary, runs what has to be repeated, and looks how much can be claimed. */
  async #poll(): Promise<void> {
    clearTimeout(this.#timer);
    let isForever = false;
    try {
      if (this.isReady) await this.#shareKeys();
      else await this.#prepare();
      if (this.isFull || !this.isReady) await this.#probe();
      await this.#runRepeats();
      this.isReady = true;
      await this.#measure();
      if (this.isReady) this.#endTroubles(); // something may have failed meanwhile
    } catch (error) {
      isForever = isMissing(error);
      this.#fail(error);
    }
    if (isForever || this.#isClosed) return;
    const millis = this.#options.limits.listMillis * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => void this.start(), millis).unref();
  }

  /** Connects, and describes the spool if it is new. Rejects if it belongs to another Matomo. */
  async #prepare(): Promise<void> {
    if (!this.#connection.isOpen) await this.#connection.open();
    const reply = await this.#connection.run(OPEN, [this.#description, ...ALL_STREAMS]);
    const [found, destroyedGroups] = reply as [string, number];
    if (found !== '' && found !== this.#description) {
      const owner = ownerOf(found);
      const why = owner ? `it belongs to ${owner}` : `this version cannot read ${DESCRIPTION}`;
      throw new ForeignSpool(why);
    }
    if (destroyedGroups > 0 || (found === '' && this.#wasReady))
      this.#options.log.addDeleted('A stream or a group');
    this.#sharedDays = undefined;
    await this.#shareKeys();
    if (this.#wasReady) return;
    await this.#checkEviction();
    this.#wasReady = true;
  }

  /** Some users may not run INFO, which the spool does not need. */
  async #checkEviction(): Promise<void> {
    const memory = await this.#connection.send('INFO', 'memory').catch((error: unknown) => {
      if (!this.#connection.isRefusal(error)) throw error;
    });
    const [, policy] = /^maxmemory_policy:(allkeys-\S+)/m.exec(String(memory)) ?? [];
    if (policy !== undefined) this.#options.log.addEviction(policy);
  }

  /** Daily keys: at midnight, an hour later, and before the next midnight. */
  async #shareKeys(): Promise<void> {
    const { keys } = this.#options;
    const days = keys?.days.join();
    if (!keys || days === this.#sharedDays) return;
    await shareKeys(this.#connection, keys);
    this.#sharedDays = days;
  }

  async #probe(): Promise<void> {
    try {
      await this.#connection.send(...PROBE);
      this.isFull = this.waiting.bytes > FULL * this.#options.maxBytes;
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      this.fill(error);
    }
  }

  async #runRepeats(): Promise<void> {
    for (const repeat of [...this.#repeats]) {
      try {
        if ((await this.#send(repeat)) === null) throw new Error('the spool was deleted');
      } catch (error) {
        if (!isOutOfMemory(error)) throw error;
        continue; // claims make room for it
      }
      this.#options.counts.stored += repeat.stores;
      this.#repeats.splice(this.#repeats.indexOf(repeat), 1);
    }
  }

  async #measure(): Promise<void> {
    const reply = await this.#send({ script: MEASURE, args: ALL_STREAMS });
    if (reply === null) this.isReady = false;
    else this.waiting = toWaiting(reply as Measured, this.#options.hasToken);
  }

  #fail(error: unknown): void {
    if (isOutOfMemory(error)) this.isFull = true;
    else this.isReady = false;
    if (this.#isClosed || /\bNOGROUP\b/.test(reasonOf(error))) return; // #prepare makes it again, and logs it
    if (isMissing(error)) this.#options.log.beginUnused(INSTALL);
    else if (error instanceof ForeignSpool) this.#options.log.beginUnused(reasonOf(error));
    else this.#options.log.beginUnwritable(reasonOf(error));
    if (this.#options.keys && this.#sharedDays === undefined)
      this.#options.log.beginKeyUnshared(reasonOf(error));
  }

  #endTroubles(): void {
    this.#options.log.endUnused();
    if (!this.isFull) this.#options.log.endUnwritable();
  }

  /** Others find what was claimed. Whether the rest is stored, nobody knows. */
  #abandon(): void {
    const { counts, log } = this.#options;
    const hits = this.unconfirmedHits;
    this.#repeats.length = 0;
    if (hits === 0) return;
    counts.lost.spool += hits;
    log.addLost(hits);
  }
}

/** Redis 6 has the code inside of the message. */
function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && /\bOOM\b/.test(error.message);
}

/** Whether there is no node-redis. */
function isMissing(error: unknown): boolean {
  return /^(?:ERR_)?MODULE_NOT_FOUND$/.test(codeOf(error));
}

/** The reason of an error for messages, without the name of a script. */
export function reasonOf(error: unknown): string {
  return codeOf(error).replace(/\.? script: .*$/s, '');
}
