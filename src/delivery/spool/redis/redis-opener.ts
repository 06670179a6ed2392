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
import { DAILY_KEYS, OPEN, REDIS_KEYS } from './redis-scripts.js';

/** Longest wait between checks of the connection. The wait is random, at least half as long, so that not all processes reconnect at once. */
const RECONNECT_MILLIS = 500;
const INSTALL = 'the package redis is not installed; run: npm install redis';

/** Keeps a connection to Redis, which need not be available yet, and opens journals there. */
export class RedisJournalOpener implements JournalOpener {
  visitorKey: Buffer | undefined;
  readonly #options: SpoolOptions;
  readonly #reports: SpoolReports;
  readonly #connection: RedisConnection;
  readonly #connected: Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #knownDays = '';
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
    const { hasToken, times } = this.#options;
    const connection = this.#connection;
    try {
      // Redis may have been flushed.
      await this.#claim();
      await this.#updateDailyKeys(true);
      return await RedisJournal.create({ connection, hasToken, times, onTakenOver });
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
      if (!this.#connection.isOpen) {
        await this.#connection.open();
        await this.#claim();
      }
      await this.#updateDailyKeys();
    } catch (error) {
      this.#fail(error);
    }
    if (this.#isClosed) return;
    const millis = RECONNECT_MILLIS * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => void this.#poll(), millis).unref();
  }

  /** Makes the database the spool of one Matomo. Rejects if it belongs to another one. */
  async #claim(): Promise<void> {
    const { matomoUrl, keepsVisitorKey } = this.#options;
    const ownKey = keepsVisitorKey ? (this.visitorKey ?? randomBytes(32)).toString('hex') : '';
    const reply = await this.#connection.run(OPEN, [describeSpool(matomoUrl), ownKey]);
    const [found, key] = reply as [string, string];
    requireDescription(found, matomoUrl, REDIS_KEYS.description);
    if (keepsVisitorKey) this.visitorKey ??= Buffer.from(key, 'hex');
  }

  /** Three times a day: at midnight, an hour later, and before the next midnight. By the clock of Redis, which deletes keys later. */
  async #updateDailyKeys(isLost = false): Promise<void> {
    const { dailyKeys } = this.#options;
    const days = dailyKeys?.days.join() ?? '';
    if (!dailyKeys || (days === this.#knownDays && !isLost)) return;
    const own = dailyKeys.days.flatMap((day) => {
      const key = dailyKeys.find(day) ?? randomBytes(32);
      return [String(day), key.toString('hex')];
    });
    const found = (await this.#connection.run(DAILY_KEYS, own)) as string[];
    for (const [i, day] of dailyKeys.days.entries()) {
      if (found[i]) dailyKeys.learn(day, Buffer.from(found[i], 'hex'));
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
    const { keepsVisitorKey, dailyKeys } = this.#options;
    const isKeyMissing = keepsVisitorKey ? !this.visitorKey : dailyKeys && this.#knownDays === '';
    if (isKeyMissing) this.#reports.noVisitorKey(error);
  }
}
