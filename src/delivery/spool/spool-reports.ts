import { codeOf } from '../../common/describe-error.js';
import { type Diagnostics, show } from '../../common/diagnostics.js';
import type { LastingStateOptions } from '../../common/line-limiter.js';
import { coded, type MessageCode } from '../../common/messages.js';
import { countOf } from '../queue/batch.js';

/** Reading counts as possible again after this time without a failure. Attempts are repeated much sooner. */
const READABLE_AFTER_MILLIS = 60_000;
const CHECK_ACCESS = 'Check the permissions of the folder, or Redis.';
const CHECK_SPACE = 'Check the space and the permissions of the folder, or Redis.';

/** A write that hangs is logged if it does not end within this time. The process may only have stood still. */
const HANG_LOGGED_AFTER_MILLIS = 2_000;
/** With an interval of three seconds, ten minutes. */
const GROWING_BEATS = 200;
const OLD_SECONDS = 60;

/** What a process knows of its spool at a beat. */
interface Backlog {
  readonly pending: number;
  /** Hits that Matomo has tracked or accepted so far. */
  readonly confirmed: number;
  /** Start of the oldest request whose hit waits, in epoch seconds. */
  readonly oldestSeconds: number;
}

/** Logs messages about a spool. */
export class SpoolReports {
  readonly #folder: string;
  readonly #diagnostics: Diagnostics;
  readonly unused: LastingFailure;
  readonly unwritable: LastingFailure;
  /** Or not maintained. */
  readonly unreadable: LastingFailure;
  /** At the first of the beats since when more hits have been pending at each. */
  #firstBacklog: Backlog | undefined;
  #growingBeats = 0;

  constructor(place: string, diagnostics: Diagnostics) {
    const folder = show(place);
    this.#folder = folder;
    this.#diagnostics = diagnostics;
    this.unused = lastingFailure(diagnostics, {
      code: 'spool-not-used',
      text: (cause, since) =>
        `The spool ${folder} is not used${since}: ${cause}. Hits are queued in memory only. Fix that, or set spool to another place.`,
      endedCode: 'spool-used-again',
      ended: `The spool ${folder} is used from now on. Hits that are still in memory are stored next.`,
    });
    this.unwritable = lastingFailure(diagnostics, {
      code: 'spool-not-written',
      text: (cause, since) =>
        `Cannot write to the spool ${folder}${since} (${cause}). Hits stay in memory until it becomes writable; after a restart some may be duplicated. Check space, permissions, maxSpoolBytes, or Redis.`,
      endedCode: 'spool-written-again',
      ended: `Hits are stored in the spool ${folder} again. Hits that are still in memory are stored next.`,
    });
    this.unreadable = lastingFailure(diagnostics, {
      code: 'spool-not-read',
      quietMillis: READABLE_AFTER_MILLIS,
      text: (cause, since) =>
        `Cannot read or maintain the spool ${folder}${since} (${cause}). Spooled hits stay there, and reading is tried again. ${CHECK_ACCESS}`,
      endedCode: 'spool-read-again',
      ended: `The spool ${folder} can be read again: no attempt has failed for a minute.`,
    });
  }

  /** Other users could add or remove hits and keys. */
  notTrusted(reason: string): void {
    const text = `The spool ${this.#folder} is not used: ${reason}. Hits are queued in memory only. Set spool to a folder that the user of this process owns and that others cannot write to.`;
    this.unused.begin(reason, coded('spool-owner', text));
  }

  /** A write hangs. Nothing is logged if the reason is known. */
  hanging(): void {
    if (this.unwritable.isLasting()) return;
    this.unwritable.begin('a write hangs', undefined, HANG_LOGGED_AFTER_MILLIS);
  }

  close(): void {
    for (const failure of [this.unused, this.unwritable, this.unreadable]) failure.forget();
  }

  /** A segment is skipped, because it is not a regular file of this process' user. The others are used. */
  foreign(segment: string): void {
    const text = `${segment} in the spool ${this.#folder} is a link, not a regular file, or owned by another user. It is not read. Delete it, or change its owner to the user of this process.`;
    this.#diagnostics.warnOnce('spool_file_owner', coded('spool-owner', text));
  }

  damaged(segment: string): void {
    this.#add('spool-damaged', 1, (lines) => {
      return `${segment} in the spool ${this.#folder} has incomplete or damaged lines; found and skipped since the last message: ${lines}. The other lines are used. If this repeats, check the disk.`;
    });
  }

  lost(hits: number, reason: string): void {
    this.#add('spool-lost', hits, (sum) => {
      return `The spool ${this.#folder} has lost ${countOf(sum)}, counted as lost.spool: ${reason}. Check what deletes its contents (Redis needs persistence, and maxmemory-policy noeviction), or stops processes.`;
    });
  }

  /** Hits of processes that have ended; this process counts their results. */
  takenOver(hits: number): void {
    this.#add('hits-taken-over', hits, (sum) => {
      return `This process took over ${countOf(sum)} in the spool ${this.#folder} of processes that have ended. There is nothing to do, unless the hits come from a backup.`;
    });
  }

  /**
   * Call this at each beat. Logs that more hits have been pending ever since ten minutes ago although Matomo confirms some: it processes
   * fewer than this process makes.
   */
  beat(now: Backlog): void {
    const first = this.#firstBacklog;
    if (!first || now.pending <= first.pending) {
      this.#firstBacklog = now;
      this.#growingBeats = 0;
      return;
    }
    this.#growingBeats += 1;
    if (this.#growingBeats < GROWING_BEATS) return;
    this.#firstBacklog = undefined;
    // Hits wait for a moment in any process.
    const isOld = Date.now() / 1000 - now.oldestSeconds > OLD_SECONDS;
    if (!isOld || now.confirmed <= first.confirmed) return;
    const text = `The spool ${this.#folder} has grown for ten minutes although Matomo answers: ${now.pending} hits of this process are pending, ${first.pending} were before. Hits are lost when they reach maxSpoolBytes or maxSpoolAgeMillis. Give Matomo more resources, or track fewer requests with sampleRate.`;
    this.#diagnostics.warnOnce('spool_grows', coded('spool-grows', text));
  }

  noVisitorKey(error: unknown): void {
    const text = `The spool ${this.#folder} cannot store the visitor key (${codeOf(error)}). Until it can, this process counts visitors separately from others. ${CHECK_SPACE}`;
    this.#diagnostics.warnOnce('spool_visitor_key', coded('spool-visitor-key', text));
  }

  /** Logs the sum of what was added since the last line with this code. */
  #add(code: MessageCode, amount: number, text: (sum: number) => string): void {
    this.#diagnostics.lines.add(code, amount, (sum) => coded(code, text(sum)));
  }
}

interface LastingFailureOptions extends Pick<LastingStateOptions, 'quietMillis'> {
  readonly code: MessageCode;
  /** `since` is empty in the first line. */
  readonly text: (cause: string, since: string) => string;
  readonly endedCode: MessageCode;
  readonly ended: string;
}

type LastingFailure = ReturnType<typeof lastingFailure>;

/** A failure that has a line at its beginning, lines while it lasts, and one at its end. Its cause is text or an error. */
function lastingFailure(
  { lines }: Diagnostics,
  { code, text, endedCode, ended, ...options }: LastingFailureOptions,
) {
  const state = lines.lasting({
    ...options,
    key: code,
    ended: () => coded(endedCode, ended),
    repeated: (since, cause) => coded(code, text(cause, ` since ${since}`)),
  });
  const begin = (
    cause: unknown,
    firstLine = coded(code, text(codeOf(cause), '')),
    delayMillis = 0,
  ) => state.begin(codeOf(cause), () => firstLine, delayMillis);
  return { ...state, begin };
}
