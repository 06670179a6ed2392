import { codeOf } from '../../common/describe-error.js';
import type { LogLines } from '../../common/log-lines.js';
import { countOf } from '../bulk.js';

const STATE = 'spool';
const INSTALL = 'the package redis is not installed; run: npm install redis';

/** The database is the spool for another Matomo. */
export class ForeignSpool extends Error {}

/** Whether there is no node-redis. */
export function isMissing(error: unknown): boolean {
  return /^(?:ERR_)?MODULE_NOT_FOUND$/.test(codeOf(error));
}

/** The URL of Redis for messages, without credentials. */
function showRedis(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** The reason of an error for messages, without the name of a script. */
export function reasonOf(error: unknown): string {
  return codeOf(error).replace(/\.? script: .*$/s, '');
}

/** Lines about a spool in Redis. */
export class RedisLog {
  readonly #place: string;
  readonly #lines: LogLines;

  constructor(place: string, lines: LogLines) {
    this.#place = showRedis(place);
    this.#lines = lines;
  }

  /** Hits cannot be stored. */
  beginFailure(error: unknown): void {
    if (isMissing(error) || error instanceof ForeignSpool) {
      const reason = isMissing(error) ? INSTALL : reasonOf(error);
      const text = `The spool ${this.#place} is not used: ${reason}. Hits are queued in memory only. Fix that, or set spool to another place.`;
      this.#lines.begin(STATE, 'spool-not-used', () => text);
      return;
    }
    const text = `Cannot write to the spool ${this.#place} (${reasonOf(error)}). Hits stay in memory until it becomes writable. Check Redis, and maxSpoolBytes.`;
    this.#lines.begin(STATE, 'spool-not-written', () => text);
  }

  endFailure(): void {
    const text = `Hits are stored in the spool ${this.#place} again. Hits that are still in memory are stored next.`;
    this.#lines.end(STATE, 'spool-written-again', () => text);
  }

  beginKeyMissing(error: unknown): void {
    const text = `The spool ${this.#place} cannot store the visitor key (${reasonOf(error)}). Until it can, this process counts visitors separately from others. Check Redis.`;
    this.#lines.begin('visitor-key', 'spool-visitor-key', () => text);
  }

  addEviction(policy: string): void {
    const text = `Redis of the spool ${this.#place} has maxmemory-policy ${policy}: when it is full, it evicts all hits of the spool at once, and nobody counts them. Set maxmemory-policy noeviction.`;
    this.#lines.add('spool-lost', 1, () => text);
  }

  addDeletion(): void {
    const text = `Streams or groups of the spool ${this.#place} were deleted. Hits in it are lost and not counted, or are sent again. Check who runs FLUSHALL or XGROUP DESTROY, and that Redis has persistence and maxmemory-policy noeviction.`;
    this.#lines.add('spool-lost', 1, () => text);
  }

  /** The process ends, and nobody knows whether Redis has stored these hits. */
  addLost(hits: number): void {
    this.#lines.add(
      'spool-lost',
      hits,
      (sum) =>
        `The spool ${this.#place} did not confirm ${countOf(sum)} before the process ended, counted as lost.spool. Check Redis.`,
    );
  }

  addDamaged(lines: number): void {
    this.#lines.add(
      'spool-damaged',
      lines,
      (sum) =>
        `Streams of the spool ${this.#place} had damaged lines, which were removed and counted as lost.spool: ${sum}. Check what else writes to this database.`,
    );
  }

  /** A process has died while it was sending these hits. */
  addUnconfirmed(hits: number): void {
    this.#lines.add(
      'unconfirmed',
      hits,
      (sum) =>
        `Another process ended while it was sending ${countOf(sum)}, which Matomo may have stored: not sent again, counted as lost.unconfirmed. Check why it ended, or set resendUnconfirmed if you prefer duplicates to losses.`,
    );
  }

  addExpired(hits: number): void {
    this.#lines.add(
      'expired',
      hits,
      (sum) =>
        `Too old to be sent, lost and counted as expired: ${countOf(sum)}. The limit is maxSpoolAgeMillis or, without tokenAuth, a day. Check why they were not sent earlier.`,
    );
  }
}
