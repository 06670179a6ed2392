import { type Diagnostics, show } from '../../common/diagnostics.js';
import { coded } from '../../common/messages.js';
import { countOf } from '../batch.js';
import { ForeignFile } from './own-file.js';

/** Logs messages about a spool, each once. */
export class SpoolReports {
  readonly #folder: string;
  readonly #diagnostics: Diagnostics;

  constructor(folder: string, diagnostics: Diagnostics) {
    this.#folder = show(folder);
    this.#diagnostics = diagnostics;
  }

  notUsed(reason: string): void {
    this.#diagnostics.error(
      coded(
        'spool-not-used',
        `the spool ${this.#folder} is not used: ${reason}. Hits wait in memory only`,
      ),
    );
  }

  /** Other users could add or remove hits and keys. */
  notTrusted(reason: string): void {
    this.#diagnostics.error(
      coded(
        'spool-owner',
        `The spool ${this.#folder} is not used: ${reason}. Hits wait in memory only. Give it a folder that the user of this process owns and that others cannot write to`,
      ),
    );
  }

  notWritten(error: unknown): void {
    this.#diagnostics.warnOnce(
      'spool_written',
      coded(
        'spool-not-written',
        `the spool ${this.#folder} cannot be written (${codeOf(error)}); as long as that is so hits wait in memory, and some may be sent twice after a restart`,
      ),
    );
  }

  unreadable(error: unknown): void {
    this.#diagnostics.warnOnce(
      'spool_unreadable',
      coded(
        'spool-not-read',
        `the spool ${this.#folder} cannot be read or kept in order at present (${codeOf(error)}); that is tried again`,
      ),
    );
  }

  /** One segment is unreadable; the others are used. */
  unreadableSegment(segment: string, error: unknown): void {
    if (!(error instanceof ForeignFile)) {
      this.unreadable(error);
      return;
    }
    this.#diagnostics.warnOnce(
      'spool_file_owner',
      coded(
        'spool-owner',
        `${segment} in the spool ${this.#folder} is a link, no regular file, or the file of another user. It is not read. Delete it, or change its owner to the user of this process`,
      ),
    );
  }

  broken(segment: string): void {
    this.#diagnostics.warnOnce(
      'spool_broken',
      coded(
        'spool-damaged',
        `${segment} in the spool ${this.#folder} has lines that are torn or damaged; the others are used`,
      ),
    );
  }

  lost(hits: number, reason: string): void {
    this.#diagnostics.warnOnce(
      'spool_lost',
      coded(
        'spool-lost',
        `the spool ${this.#folder} has lost ${countOf(hits)}, and counts them and all that follow them (spool): ${reason}`,
      ),
    );
  }

  full(hits: number, maxBytes: number): void {
    this.lost(hits, `it has grown to maxSpoolBytes (${maxBytes})`);
  }

  overlap(hits: number): void {
    this.#diagnostics.warnOnce(
      'spool_overlap',
      coded(
        'spool-overlap',
        `the spool ${this.#folder}: this process was away for longer than its lease while it sent, and another went on; ${countOf(hits)} may be doubled. They and all that follow them are counted in matomo-spool:overlaps`,
      ),
    );
  }

  noVisitorKey(error: unknown): void {
    this.#diagnostics.warnOnce(
      'spool_visitor_key',
      coded(
        'spool-visitor-key',
        `the spool ${this.#folder} keeps no visitor key (${codeOf(error)}): each process counts a visitor once. Set visitorKey to one secret for all`,
      ),
    );
  }
}

export function codeOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message ?? String(error);
}
