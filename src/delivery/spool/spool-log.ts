import type { LogLines } from '../../common/log-lines.js';
import type { MessageCode } from '../../common/messages.js';
import { countOf } from '../bulk.js';

/** Lines about a spool. */
export class SpoolLog {
  readonly #spool: string;
  readonly #lines: LogLines;

  /** `place` is shown: it has no credentials. */
  constructor(place: string, lines: LogLines) {
    this.#spool = `the spool ${place}`;
    this.#lines = lines;
  }

  /** It cannot be opened. */
  beginUnused(
    reason: string,
    code: MessageCode = 'spool-not-used',
    advice = 'Fix that, or set spool to another place.',
  ): void {
    const text = `${this.#asSubject} is not used: ${reason}. Hits are queued in memory only. ${advice}`;
    this.#lines.begin('spool', code, () => text);
  }

  endUnused(): void {
    const text = `${this.#asSubject} is used from now on. Hits that are still in memory are stored next.`;
    this.#lines.end('spool', 'spool-used-again', () => text);
  }

  beginUnwritable(reason: string): void {
    const text = `Cannot write to ${this.#spool} (${reason}). Hits stay in memory until it becomes writable. Check space, permissions, Redis, and maxSpoolBytes.`;
    this.#lines.begin('spool-writing', 'spool-not-written', () => text);
  }

  endUnwritable(): void {
    const text = `Hits are stored in ${this.#spool} again. Hits that are still in memory are stored next.`;
    this.#lines.end('spool-writing', 'spool-written-again', () => text);
  }

  beginUnreadable(reason: string): void {
    const text = `Cannot read ${this.#spool} (${reason}). Spooled hits stay there, and reading is tried again. Check space and permissions.`;
    this.#lines.begin('spool-reading', 'spool-not-read', () => text);
  }

  endUnreadable(): void {
    const text = `${this.#asSubject} can be read again.`;
    this.#lines.end('spool-reading', 'spool-read-again', () => text);
  }

  beginKeyUnshared(reason: string): void {
    const text = `${this.#asSubject} cannot store the visitor key (${reason}). Until it can, this process counts visitors separately from others. Check space, permissions, or Redis.`;
    this.#lines.begin('visitor-key', 'spool-visitor-key', () => text);
  }

  /** `name` is skipped: it is a link, for example, or cannot be read. */
  addSkipped(code: MessageCode, name: string, why: string): void {
    const text = `${name} in ${this.#spool} ${why} Delete it, or change its owner to the user of this process.`;
    this.#lines.add(code, 1, () => text);
  }

  addDamaged(name: string, lines: number): void {
    const toText = (sum: number) =>
      `${name} of ${this.#spool} had incomplete or damaged lines, counted as lost.spool: ${sum}. Others are used. If this repeats, check the disk, and what else writes there.`;
    this.#lines.add('spool-damaged', lines, toText);
  }

  /** `what`: what was deleted. */
  addDeleted(what: string): void {
    const text = `${what} of ${this.#spool} was deleted. Hits that waited there are lost, and not counted, because their number is unknown. Check what deletes it, and that Redis has persistence and maxmemory-policy noeviction.`;
    this.#lines.add('spool-lost', 1, () => text);
  }

  addEviction(policy: string): void {
    const text = `Redis of ${this.#spool} has maxmemory-policy ${policy}: when it is full, it evicts all hits of the spool at once, and nobody counts them. Set maxmemory-policy noeviction.`;
    this.#lines.add('spool-lost', 1, () => text);
  }

  /** The process ends, and these hits may not be stored. */
  addLost(hits: number): void {
    const toText = (sum: number) =>
      `${this.#asSubject} did not confirm ${countOf(sum)} before the process ended, counted as lost.spool. Check space, permissions, or Redis.`;
    this.#lines.add('spool-lost', hits, toText);
  }

  /** A process has died while it was sending these hits. */
  addUnconfirmed(hits: number): void {
    const toText = (sum: number) =>
      `A process ended while it was sending ${countOf(sum)} of ${this.#spool}, which Matomo may have stored: not sent again, counted as lost.unconfirmed. Check why it ended, or set resendUnconfirmed if you prefer duplicates to losses.`;
    this.#lines.add('unconfirmed', hits, toText);
  }

  addExpired(hits: number): void {
    const toText = (sum: number) =>
      `Too old to be sent, lost and counted as expired: ${countOf(sum)}. The limit is maxSpoolAgeMillis. Check why they were not sent earlier.`;
    this.#lines.add('expired', hits, toText);
  }

  get #asSubject(): string {
    return `T${this.#spool.slice(1)}`;
  }
}
