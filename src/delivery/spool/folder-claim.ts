import type { Hit } from '../../hit/hit.js';
import { addResults, type Results } from '../delivery-counts.js';
import type { Claim, PendingHits } from '../store.js';
import type { FolderDisk } from './folder-disk.js';
import type { FolderFiles } from './folder-files.js';
import type { FolderListing } from './folder-listing.js';
import { type HitsFile, nameOf, toWaiting } from './folder-names.js';
import type { FolderWriter } from './folder-writer.js';
import type { SpoolOptions } from './spool-options.js';

/** The parts of a spool in a folder. */
export interface FolderParts {
  readonly options: SpoolOptions;
  readonly files: FolderFiles;
  readonly listing: FolderListing;
  readonly writer: FolderWriter;
  readonly disk: FolderDisk;
  /** The last attempt has failed, and nothing was sent since. */
  hasFailed: boolean;
}

/** What was claimed. */
interface Taken {
  /** The file, with its name until the claim ends. */
  readonly file: HitsFile;
  /** The hits in the lines that are claimed. Other lines are damaged. */
  readonly hits: readonly Hit[];
  readonly bytes: number;
}

/** A bulk of a file. */
export class FolderClaim implements Claim {
  readonly hits: readonly Hit[];
  readonly failures: number;
  /** Hits without a result, until the claim ends. */
  count: number;
  #file: HitsFile;
  readonly #taken: Taken;
  /** `done` was called, and what it began may have happened already. */
  #isEnding = false;
  #isEnded = false;
  readonly #parts: FolderParts;

  constructor(taken: Taken, parts: FolderParts) {
    this.hits = taken.hits;
    this.failures = taken.file.failures;
    this.count = taken.hits.length;
    this.#file = taken.file;
    this.#taken = taken;
    this.#parts = parts;
    parts.options.counts.claimed += this.count;
  }

  /** Hits of the file that wait, until the claim ends. */
  get restHits(): number {
    return this.#isEnded ? 0 : this.#file.lines - this.#file.until;
  }

  async touch(): Promise<void> {
    const touch = async () => {
      const touched = { ...this.#file, activeMillis: Date.now() };
      if (await this.#parts.files.move(this.#file, touched)) this.#file = touched;
    };
    await this.#parts.disk.run('claim', touch, { canWait: true });
  }

  async done(results: Results, back: readonly PendingHits[] = []): Promise<boolean> {
    this.#isEnding = true;
    const { tracked = 0, accepted = 0, invalid = 0, unconfirmed = 0 } = results;
    const isUnchanged = this.failures < 2 && this.#returned(back)?.failures === this.failures;
    if (tracked + accepted + invalid > 0) this.#parts.hasFailed = false;
    else if (unconfirmed > 0 || isUnchanged) this.#parts.hasFailed = true;
    const settle = () => this.settle(results, back);
    const isOurs = await this.#parts.disk.run('claim', settle, { canWait: true });
    // If the disk has failed, the results are known all the same.
    return isOurs ?? this.#end(results, back, true);
  }

  /** The same as a step of the disk that goes on. */
  async settle(results: Results, back: readonly PendingHits[]): Promise<boolean> {
    const { files, writer } = this.#parts;
    const isOurs = await files.move(this.#file, this.#next(back));
    this.#end(results, back, isOurs);
    await writer.writeKept();
    return isOurs;
  }

  endNow(results: Results, back: readonly PendingHits[]): void {
    if (this.#isEnded) return;
    const { writer, files, disk } = this.#parts;
    let isOurs = true;
    try {
      isOurs = files.moveNow(this.#file, this.#next(back)) || this.#isEnding;
    } catch (error) {
      disk.fail('claim', error);
    }
    this.#end(results, back, isOurs);
    writer.writeKeptNow();
  }

  /** The file when the claim has ended; `undefined` if it is deleted. */
  #next(back: readonly PendingHits[]): HitsFile | undefined {
    const { until, lines } = this.#file;
    return this.#returned(back) ?? (until < lines ? toWaiting(this.#file, until) : undefined);
  }

  /** A new name is enough, which needs no room, if all hits are given back and it can say how often they failed. */
  #returned(back: readonly PendingHits[]): HitsFile | undefined {
    const all = back.find(({ hits }) => hits.length === this.hits.length);
    const { done, lines, until } = this.#file;
    if (!all || (all.failures !== this.failures && until < lines)) return undefined;
    return toWaiting(this.#file, done, all.failures);
  }

  /** Counts all hits. `isOurs`: no other process has taken the file. */
  #end(results: Results, back: readonly PendingHits[], isOurs: boolean): boolean {
    if (this.#isEnded) return true;
    this.#isEnded = true;
    this.count = 0;
    const { options, listing, writer } = this.#parts;
    const { counts, log } = options;
    const { done, until } = this.#file;
    if (!isOurs) {
      counts.claimed -= this.hits.length;
      return false;
    }
    const next = this.#next(back);
    if (next) listing.add(next);
    else listing.bytes -= this.#taken.bytes;
    if (this.#returned(back)) {
      counts.stored += this.hits.length;
      return true;
    }
    writer.keep(back, this.#file);
    addResults(counts, results);
    const damaged = until - done - this.hits.length;
    counts.claimed += damaged;
    counts.lost.spool += damaged;
    if (damaged > 0) log.addDamaged(nameOf(this.#file), damaged);
    return true;
  }
}
