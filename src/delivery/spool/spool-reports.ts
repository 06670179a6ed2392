import { codeOf } from '../../common/describe-error.js';
import { type Diagnostics, show } from '../../common/diagnostics.js';
import type { LastingState } from '../../common/line-limiter.js';
import { coded } from '../../common/messages.js';
import { countOf } from '../queue/batch.js';

/** Logs messages about a spool. */
export class SpoolReports {
  readonly #folder: string;
  readonly #diagnostics: Diagnostics;
  readonly #unused: LastingState;
  #oldestTakenOver = Number.POSITIVE_INFINITY;
  readonly #unwritable: LastingState;
  readonly #unreadable: LastingState;

  constructor(folder: string, diagnostics: Diagnostics) {
    this.#folder = show(folder);
    this.#diagnostics = diagnostics;
    this.#unused = diagnostics.lines.lasting({
      key: 'spool not used',
      ended: () =>
        coded(
          'spool-used-again',
          `The spool ${this.#folder} is used from now on. Hits that are still in memory are stored next.`,
        ),
      repeated: (since, cause) =>
        coded(
          'spool-not-used',
          `The spool ${this.#folder} is not used since ${since}: ${cause}. Hits are queued in memory only. Fix that, or set spool to another place.`,
        ),
    });
    this.#unwritable = diagnostics.lines.lasting({
      key: 'spool not written',
      ended: () =>
        coded(
          'spool-written-again',
          `Hits are stored in the spool ${this.#folder} again. Hits that are still in memory are stored next.`,
        ),
      repeated: (since, cause) =>
        coded(
          'spool-not-written',
          `Cannot write to the spool ${this.#folder} since ${since} (${cause}). Hits stay in memory until it becomes writable. ${CHECK_SPACE}`,
        ),
    });
    this.#unreadable = diagnostics.lines.lasting({
      key: 'spool not read',
      quietMillis: READABLE_AFTER_MILLIS,
      ended: () =>
        coded(
          'spool-read-again',
          `No attempt to read or maintain the spool ${this.#folder} has failed for a minute.`,
        ),
      repeated: (since, cause) =>
        coded(
          'spool-not-read',
          `Cannot read or maintain the spool ${this.#folder} since ${since} (${cause}). Spooled hits stay there, and reading is tried again. ${CHECK_ACCESS}`,
        ),
    });
  }

  notUsed(reason: string): void {
    this.#unused.begin(reason, () =>
      coded(
        'spool-not-used',
        `The spool ${this.#folder} is not used: ${reason}. Hits are queued in memory only. Fix that, or set spool to another place.`,
      ),
    );
  }

  /** Other users could add or remove hits and keys. */
  notTrusted(reason: string): void {
    this.#unused.begin(reason, () =>
      coded(
        'spool-owner',
        `The spool ${this.#folder} is not used: ${reason}. Hits are queued in memory only. Set spool to a folder that the user of this process owns and that others cannot write to.`,
      ),
    );
  }

  /** The spool can be used from now on. */
  used(): void {
    this.#unused.end();
  }

  notWritten(error: unknown): void {
    const cause = codeOf(error);
    this.#unwritable.begin(cause, () =>
      coded(
        'spool-not-written',
        `Cannot write to the spool ${this.#folder} (${cause}). Hits stay in memory until it becomes writable; after a restart some may be duplicated. ${CHECK_SPACE}`,
      ),
    );
  }

  /** Hits were stored. */
  written(): void {
    this.#unwritable.end();
  }

  close(): void {
    this.#unused.forget();
    this.#unwritable.forget();
    this.#unreadable.forget();
  }

  unreadable(error: unknown): void {
    const cause = codeOf(error);
    this.#unreadable.begin(cause, () =>
      coded(
        'spool-not-read',
        `Cannot read or maintain the spool ${this.#folder} (${cause}). Spooled hits stay there, and reading is tried again. ${CHECK_ACCESS}`,
      ),
    );
  }

  /** A segment is skipped, because it is not a regular file of this process' user. The others are used. */
  foreignSegment(segment: string): void {
    this.#diagnostics.warnOnce(
      'spool_file_owner',
      coded(
        'spool-owner',
        `${segment} in the spool ${this.#folder} is a link, not a regular file, or owned by another user. It is not read. Delete it, or change its owner to the user of this process.`,
      ),
    );
  }

  broken(segment: string): void {
    this.#diagnostics.lines.add('spool-damaged', 1, (lines) =>
      coded(
        'spool-damaged',
        `${segment} in the spool ${this.#folder} has incomplete or damaged lines; found and skipped since the last message: ${lines}. The other lines are used. If this repeats, check the disk.`,
      ),
    );
  }

  lost(hits: number, reason: string): void {
    this.#diagnostics.lines.add('spool-lost', hits, (sum) =>
      coded(
        'spool-lost',
        `The spool ${this.#folder} has lost ${countOf(sum)}, counted as lost.spool: ${reason}. Check what deletes its contents, or stops processes.`,
      ),
    );
  }

  /** Hits of processes that have ended; this process counts their results. */
  takenOver(hits: number, oldestSeconds: number): void {
    this.#oldestTakenOver = Math.min(this.#oldestTakenOver, oldestSeconds);
    this.#diagnostics.lines.add('hits-taken-over', hits, (sum) => {
      const age = describeAge(this.#oldestTakenOver);
      this.#oldestTakenOver = Number.POSITIVE_INFINITY;
      return coded(
        'hits-taken-over',
        `This process took over ${countOf(sum)} in the spool ${this.#folder} of processes that have ended${age}. There is nothing to do, unless the hits come from a backup.`,
      );
    });
  }

  /** Hits that are pending now, and were ten minutes ago. */
  grows(pending: number, before: number): void {
    this.#diagnostics.warnOnce(
      'spool_grows',
      coded(
        'spool-grows',
        `The spool ${this.#folder} has grown for ten minutes although Matomo answers: ${pending} hits of this process are pending, ${before} were before. Hits are lost when they reach maxSpoolBytes or maxSpoolAgeMillis. Give Matomo more resources, raise maxExportBatchSize, or track fewer requests with sampleRate.`,
      ),
    );
  }

  noVisitorKey(error: unknown): void {
    this.#diagnostics.warnOnce(
      'spool_visitor_key',
      coded(
        'spool-visitor-key',
        `The spool ${this.#folder} cannot store the visitor key (${codeOf(error)}). Each process counts the same visitor separately. ${CHECK_SPACE}`,
      ),
    );
  }
}

/** Reading counts as possible again after this time without a failure. Attempts are repeated much sooner. */
const READABLE_AFTER_MILLIS = 60_000;
const CHECK_ACCESS = 'Check the permissions of the folder, or Redis.';
const CHECK_SPACE = 'Check the space and the permissions of the folder, or Redis.';

/** For a message: how old the oldest of hits is. */
function describeAge(oldestSeconds: number): string {
  if (oldestSeconds === Number.POSITIVE_INFINITY) return '';
  const minutes = Math.max(0, Math.round((Date.now() / 1000 - oldestSeconds) / 60));
  const age = minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
  return `; the oldest is ${age} old`;
}
