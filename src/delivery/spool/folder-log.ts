import { codeOf } from '../../common/describe-error.js';
import { show } from '../../common/diagnostics.js';
import type { LogLines } from '../../common/log-lines.js';
import type { MessageCode } from '../../common/messages.js';
import { countOf } from '../bulk.js';
import { UntrustedFolder } from './folder-access.js';

const CHECK_SPACE = 'Check the space and the permissions of the folder.';

/** Lines about a spool in a folder. */
export class FolderLog {
  readonly #spool: string;
  readonly #lines: LogLines;

  constructor(folder: string, lines: LogLines) {
    this.#spool = `the spool ${show(folder)}`;
    this.#lines = lines;
  }

  /** It cannot be opened. */
  beginUnused(error: unknown): void {
    const [code, advice]: [MessageCode, string] =
      error instanceof UntrustedFolder
        ? [
            'spool-owner',
            'Set spool to a folder that the user of this process owns and that others cannot write to.',
          ]
        : ['spool-not-used', 'Fix that, or set spool to another place.'];
    const text = `T${this.#spool.slice(1)} is not used: ${codeOf(error)}. Hits are queued in memory only. ${advice}`;
    this.#lines.begin('spool', code, () => text);
  }

  endUnused(): void {
    const text = `T${this.#spool.slice(1)} is used from now on. Hits that are still in memory are stored next.`;
    this.#lines.end('spool', 'spool-used-again', () => text);
  }

  beginUnwritable(cause: string): void {
    const text = `Cannot write to ${this.#spool} (${cause}). Hits stay in memory until it becomes writable. Check space, permissions, and maxSpoolBytes.`;
    this.#lines.begin('spool-writing', 'spool-not-written', () => text);
  }

  endUnwritable(): void {
    const text = `Hits are stored in ${this.#spool} again. Hits that are still in memory are stored next.`;
    this.#lines.end('spool-writing', 'spool-written-again', () => text);
  }

  beginUnreadable(error: unknown): void {
    const text = `Cannot read ${this.#spool} (${codeOf(error)}). Spooled hits stay there, and reading is tried again. ${CHECK_SPACE}`;
    this.#lines.begin('spool-reading', 'spool-not-read', () => text);
  }

  endUnreadable(): void {
    const text = `T${this.#spool.slice(1)} can be read again.`;
    this.#lines.end('spool-reading', 'spool-read-again', () => text);
  }

  /** A file is skipped. */
  skip(name: string, error: unknown, isForeign: boolean): void {
    const [code, why]: [MessageCode, string] = isForeign
      ? ['spool-owner', 'is a link, not a regular file, or owned by another user. It is not read.']
      : ['spool-not-read', `cannot be read (${codeOf(error)}). Others are used.`];
    const text = `${name} in ${this.#spool} ${why} Delete it, or change its owner to the user of this process.`;
    this.#lines.add(code, 1, () => text);
  }

  addDamaged(name: string, lines: number): void {
    this.#lines.add(
      'spool-damaged',
      lines,
      (sum) =>
        `${name} in ${this.#spool} has incomplete or damaged lines; found and skipped since the last message: ${sum}. The other lines are used. If this repeats, check the disk.`,
    );
  }

  addDeleted(): void {
    const text = `T${this.#spool.slice(1)} was deleted. Hits that waited there are lost, and not counted, because their number is unknown. It is created again. Check what deletes it.`;
    this.#lines.add('spool-lost', 1, () => text);
  }

  /** Hits that were given back when the process ended could not be written. */
  addLost(hits: number): void {
    this.#lines.add(
      'spool-lost',
      hits,
      (sum) =>
        `T${this.#spool.slice(1)} has lost ${countOf(sum)}, counted as lost.spool: they could not be written. ${CHECK_SPACE}`,
    );
  }

  addUnconfirmed(hits: number): void {
    this.#lines.add(
      'unconfirmed',
      hits,
      (sum) =>
        `A process ended while it was sending ${countOf(sum)} of ${this.#spool}. Matomo may have stored them: not sent again, counted as lost.unconfirmed. Set resendUnconfirmed if you prefer duplicates to losses.`,
    );
  }

  addExpired(hits: number): void {
    this.#lines.add(
      'expired',
      hits,
      (sum) =>
        `Too old to be sent, lost and counted as expired: ${countOf(sum)}. The limit is maxSpoolAgeMillis. Check why they were not sent earlier.`,
    );
  }

  addUnsharedKey(error: unknown): void {
    const text = `T${this.#spool.slice(1)} cannot store the visitor key (${codeOf(error)}). Until it can, this process counts visitors separately from others. ${CHECK_SPACE}`;
    this.#lines.add('spool-visitor-key', 1, () => text);
  }
}
