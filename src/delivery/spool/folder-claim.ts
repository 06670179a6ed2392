import type { Hit } from '../../hit/hit.js';
import { addResults, type Results } from '../delivery-counts.js';
import type { Claim } from '../store.js';
import type { FolderDisk } from './folder-disk.js';
import type { FolderFiles } from './folder-files.js';
import type { FolderListing } from './folder-listing.js';
import { type HitsFile, nameOf, toWaiting } from './folder-names.js';
import type { FolderWriter, GivenBack } from './folder-writer.js';
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
  /** Lines that waited, and are claimed now. */
  readonly lines: number;
  /** The hits in these lines. Those of others are damaged. */
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
  readonly #given: GivenBack[] = [];
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
    parts.listing.hits -= taken.lines;
  }

  async giveBack(hits: readonly Hit[], failures: number): Promise<void> {
    if (hits.length > 0) this.#given.push({ hits, failures, source: this.#file });
  }

  async touch(): Promise<void> {
    const touch = async () => {
      const touched = { ...this.#file, activeMillis: Date.now() };
      if (await this.#parts.files.move(this.#file, touched)) this.#file = touched;
    };
    await this.#parts.disk.run('claim', touch, { canWait: true });
  }

  async done(results: Results): Promise<boolean> {
    this.#isEnding = true;
    const back = this.#back;
    const { tracked = 0, accepted = 0, invalid = 0, unconfirmed = 0 } = results;
    const isUnchanged = back?.failures === this.failures && this.failures < 2;
    if (tracked + accepted + invalid > 0) this.#parts.hasFailed = false;
    else if (unconfirmed > 0 || isUnchanged) this.#parts.hasFailed = true;
    this.#keepGiven(back);
    const isOurs = await this.#parts.disk.run('claim', () => this.#move(back), { canWait: true });
    // If the disk has failed, the results are known all the same.
    return this.#end(results, back, isOurs ?? true);
  }

  /** The same as a step of the disk that goes on. */
  async settle(results: Results): Promise<boolean> {
    const back = this.#back;
    return this.#end(results, back, await this.#move(back));
  }

  endNow(left: readonly Hit[], results: Results): void {
    if (this.#isEnded) return;
    const { writer, files, disk } = this.#parts;
    if (left.length > 0)
      this.#given.push({ hits: left, failures: this.failures, source: this.#file });
    const back = this.#back;
    if (!this.#isEnding) this.#keepGiven(back);
    writer.writeKeptNow();
    let isOurs = true;
    try {
      isOurs = files.moveNow(this.#file, back ?? this.#next) || this.#isEnding;
    } catch (error) {
      disk.fail('claim', error);
    }
    this.#end(results, back, isOurs);
  }

  /** A new name is enough, which needs no room, if all hits are given back and it can say how often they failed. */
  get #back(): HitsFile | undefined {
    const [first] = this.#given;
    const { done, lines, until } = this.#file;
    if (first?.hits.length !== this.hits.length) return undefined;
    if (first.failures !== this.failures && until < lines) return undefined;
    return toWaiting(this.#file, done, first.failures);
  }

  get #next(): HitsFile | undefined {
    const { until, lines } = this.#file;
    return until < lines ? toWaiting(this.#file, until) : undefined;
  }

  #keepGiven(back: HitsFile | undefined): void {
    if (back) return;
    this.#parts.writer.kept.push(...this.#given);
    this.count -= this.#givenHits; // they count there
  }

  get #givenHits(): number {
    return this.#given.reduce((sum, { hits }) => sum + hits.length, 0);
  }

  /** Hits that were given back get files when the claim has ended: until then, another process can take it. */
  async #move(back: HitsFile | undefined): Promise<boolean> {
    const { writer, files } = this.#parts;
    const isOurs = await files.move(this.#file, back ?? this.#next);
    if (isOurs) await writer.writeKept();
    else if (!back) {
      writer.drop(this.#given);
      this.count += this.#givenHits;
    }
    return isOurs;
  }

  #end(results: Results, back: HitsFile | undefined, isOurs: boolean): boolean {
    const { options, listing } = this.#parts;
    const { counts, log } = options;
    const { lines, bytes } = this.#taken;
    const { done, until } = this.#file;
    const next = back ?? this.#next;
    this.#isEnded = true;
    this.count = 0;
    if (!isOurs) {
      counts.claimed -= this.hits.length;
      return false;
    }
    if (next) listing.add(next);
    else listing.bytes -= bytes;
    if (back) {
      listing.hits += lines;
      counts.stored += this.hits.length;
      return true;
    }
    addResults(counts, results);
    const damaged = until - done - this.hits.length;
    counts.claimed += damaged;
    counts.lost.spool += damaged;
    if (damaged > 0) log.addDamaged(nameOf(this.#file), damaged);
    return true;
  }
}
