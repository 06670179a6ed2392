import { randomBytes } from 'node:crypto';
import { codeOf } from '../../../common/describe-error.js';
import type { Journal, JournalOpener, OnTakenOver } from '../journal.js';
import type { SpoolReports } from '../spool-reports.js';
import {
  describeSpool,
  requireDescription,
  type SpoolOptions,
  UnusableSpool,
} from '../spool-store.js';
import { RedisConnection } from './redis-connection.js';
import { RedisJournal } from './redis-journal.js';
import { OPEN, REDIS_KEYS, SHARE_KEYS } from './redis-scripts.js';

/** Longest wait between checks of the connection. The wait is random, at least half as long, so that not all processes reconnect at once. */
const RECONNECT_MILLIS = 500;
const INSTALL = 'the package redis is not installed; run: npm install redis';

/** Keeps a connection to Redis, which need not be available yet, and opens journals there. */
export class RedisJournalOpener implements JournalOpener {
  readonly #options: SpoolOptions;
  readonly #reports: SpoolReports;
  readonly #connection: RedisConnection;
  readonly #connected: Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  /** The days whose keys are shared. */
  #knownDays: string | undefined;
  #isClosed = false;

  constructor(options: SpoolOptions, reports: SpoolReports) {
    this.#options = options;
    this.#reports = reports;
    this.#connection = new RedisConnection(options.place);
    this.#connected = this.#poll();
  }

  async open(onTakenOver: OnTakenOver): Promise<Journal | undefined> {
    await this.#connected;
    if (!this.#connection.isOpen) return undefined;
    const connection = this.#connection;
    try {
      await this.#claim(); // Redis may have been flushed
      return await RedisJournal.create({ ...this.#options, connection, onTakenOver });
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#connection.close();
  }

  /** Connects if there is no connection. Resolves after the first attempt. */
  async #poll(): Promise<void> {
    try {
      if (this.#connection.isOpen) await this.#shareKeys(false);
      else {
        await this.#connection.open();
        await this.#claim();
      }
    } catch (error) {
      this.#fail(error);
    }
    if (this.#isClosed) return;
    const millis = RECONNECT_MILLIS * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => void this.#poll(), millis).unref();
  }

  /** Makes the database the spool of one Matomo. Rejects if it belongs to another one. */
  async #claim(): Promise<void> {
    const { matomoUrl } = this.#options;
    const found = await this.#connection.run(OPEN, [describeSpool(matomoUrl)]);
    requireDescription(String(found), matomoUrl, REDIS_KEYS.description);
    await this.#shareKeys(true);
  }

  /** Daily keys: at midnight, an hour later, and before the next midnight. By the clock of Redis, which deletes them later. */
  async #shareKeys(mayBeLost: boolean): Promise<void> {
    const { keys } = this.#options;
    const days = keys?.days.join();
    if (!keys || (days === this.#knownDays && !mayBeLost)) return;
    const own = keys.days.flatMap((day) => {
      const key = keys.find(day) ?? randomBytes(32);
      return [String(day ?? ''), key.toString('hex')];
    });
    const found = (await this.#connection.run(SHARE_KEYS, own)) as string[];
    for (const [i, day] of keys.days.entries()) {
      if (found[i]) keys.learn(day, Buffer.from(found[i], 'hex'));
    }
    this.#knownDays = days;
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return;
    const isMissing = /^(?:ERR_)?MODULE_NOT_FOUND$/.test(codeOf(error));
    if (isMissing || error instanceof UnusableSpool) {
      this.close();
      this.#reports.unused.begin(isMissing ? INSTALL : error);
      return;
    }
    this.#reports.unwritable.begin(error);
    if (this.#options.keys && this.#knownDays === undefined) this.#reports.noVisitorKey(error);
  }
}
