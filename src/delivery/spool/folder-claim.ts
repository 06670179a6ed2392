import { renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Hit } from '../../hit/hit.js';
import { addResults, type Results } from '../delivery-counts.js';
import type { Claim } from '../store.js';
import { isMissing } from './folder-access.js';
import type { FolderListing } from './folder-listing.js';
import { type HitsFile, toWaiting } from './folder-names.js';
import type { FolderReader, Taken } from './folder-reader.js';
import type { FolderWriter } from './folder-writer.js';
import type { SpoolOptions } from './spool-options.js';

/** Hits that could not be written to a file, and where they came from. */
export interface GivenBack {
  readonly hits: readonly Hit[];
  readonly failures: number;
  readonly source: HitsFile;
}

/** What a claim needs of its spool. */
export interface ClaimParts {
  readonly folder: string;
  readonly options: SpoolOptions;
  readonly listing: FolderListing;
  readonly writer: FolderWriter;
  readonly reader: FolderReader;
  /** Runs operations of the disk, if it hangs as soon as it goes on. Resolves with `undefined` if they fail or take too long. */
  readonly run: <T>(operations: () => Promise<T>) => Promise<T | undefined>;
  /** Writes hits to a file, or keeps them in memory until that is possible. */
  readonly giveBack: (given: GivenBack) => Promise<void>;
  /** The claim has ended. */
  readonly onEnd: () => void;
}

/** A bulk of a file. */
export class FolderClaim implements Claim {
  readonly hits: readonly Hit[];
  readonly failures: number;
  /** Hits that were not given back. */
  count: number;
  readonly #taken: Taken;
  readonly #parts: ClaimParts;
  /** Where the file goes instead if all hits are given back. */
  #back: HitsFile | undefined;

  constructor(taken: Taken, parts: ClaimParts) {
    this.hits = taken.hits;
    this.failures = taken.file.failures;
    this.count = taken.hits.length;
    this.#taken = taken;
    this.#parts = parts;
  }

  async giveBack(hits: readonly Hit[], failures: number): Promise<void> {
    const { file, next } = this.#taken;
    if (hits.length === 0) return;
    // A new name is enough, which needs no room on the disk.
    if (hits.length === this.hits.length && (failures === this.failures || !next)) {
      this.#back = toWaiting(file, file.done, failures);
      return;
    }
    if (!(await this.#touch())) return;
    await this.#parts.giveBack({ hits, failures, source: file });
    this.count -= hits.length;
  }

  async touch(): Promise<void> {
    await this.#touch();
  }

  /** Resolves with `false` if another process has taken the claim. */
  async #touch(): Promise<boolean> {
    const { reader, run } = this.#parts;
    const isThere = await run(() =>
      reader.touch(this.#taken.file).then(
        () => true,
        (error) => {
          if (!isMissing(error)) throw error;
          return false;
        },
      ),
    );
    return isThere ?? true;
  }

  async done(results: Results): Promise<boolean> {
    const { reader, run, writer } = this.#parts;
    const isOurs = await run(() => reader.move(this.#taken.file, this.#back ?? this.#taken.next));
    const { tracked = 0, accepted = 0, invalid = 0, unconfirmed = 0 } = results;
    if (tracked + accepted + invalid > 0) writer.hasFailed = false;
    else if (unconfirmed > 0 || (this.#back?.failures === this.failures && this.failures < 2))
      writer.hasFailed = true;
    // If the disk has failed, the results are known all the same.
    this.#end(isOurs ?? true, results);
    return isOurs ?? true;
  }

  endNow(left: readonly Hit[]): void {
    const { folder, writer, options } = this.#parts;
    const { counts } = options;
    const { file, next } = this.#taken;
    if (left.length === this.hits.length) {
      this.#back = toWaiting(file, file.done);
    } else {
      try {
        writer.writeNow(left, this.failures, file);
        counts.stored += left.length;
      } catch {
        counts.lost.spool += left.length;
      }
      this.count -= left.length;
    }
    const path = join(folder, file.name);
    const target = this.#back ?? next;
    try {
      if (target) renameSync(path, join(folder, target.name));
      else unlinkSync(path);
      this.#end(true, {});
    } catch (error) {
      this.#end(!isMissing(error), {});
    }
  }

  #end(isOurs: boolean, results: Results): void {
    const { options, listing, reader, onEnd } = this.#parts;
    const { counts } = options;
    const { file, next, damaged, bytes } = this.#taken;
    const target = this.#back ?? next;
    if (!isOurs) {
      counts.claimed -= this.count;
    } else if (this.#back) {
      counts.stored += this.count;
      listing.hits += this.count;
    } else {
      addResults(counts, results);
      reader.countDamaged(file, damaged);
    }
    if (isOurs && target) listing.add(target);
    if (!target) listing.bytes -= bytes;
    this.count = 0;
    onEnd();
  }
}
