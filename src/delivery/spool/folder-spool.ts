import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { withTimeout } from '../../common/timers.js';
import type { Hit } from '../../hit/hit.js';
import type { Claim, Spool } from '../store.js';
import { type ClaimParts, FolderClaim, type GivenBack } from './folder-claim.js';
import { FolderDisk } from './folder-disk.js';
import { FolderListing } from './folder-listing.js';
import { type HitsFile, toWaiting } from './folder-names.js';
import { FolderReader, type Taken } from './folder-reader.js';
import { FolderWriter } from './folder-writer.js';
import type { SpoolLog } from './spool-log.js';
import type { SpoolOptions } from './spool-options.js';

/** How many files that are too old are removed before a claim. */
const MAX_EXPIRED = 100;

/**
 * Opens a spool in a folder of this machine, which is created if it does not exist. If that fails, it is tried again. Waits for the disk: the
 * visitor keys in it are needed before the first visitor comes.
 */
export function openFolder(options: SpoolOptions): Spool {
  return new FolderSpool(options);
}

/**
 * Hits in files, which any process sends that shares the folder. To own hits is to have renamed their file:
 *
 *     store ──> .part ──(full, old, or its process sends it)──> .hits <──> .sending ──> deleted
 */
class FolderSpool implements Spool {
  readonly #options: SpoolOptions;
  readonly #log: SpoolLog;
  readonly #disk: FolderDisk;
  readonly #listing: FolderListing;
  readonly #writer: FolderWriter;
  readonly #reader: FolderReader;
  readonly #claimParts: ClaimParts;
  #claim: FolderClaim | undefined;
  #lastSuspect: HitsFile | undefined;
  /** Hits that `store` has stored, until it resolves. */
  #stored: readonly Hit[] = [];
  /** Hits that were given back and could not be written. */
  readonly #kept: GivenBack[] = [];

  constructor(options: SpoolOptions) {
    const folder = resolve(options.place);
    const id = randomBytes(4).toString('hex');
    this.#options = options;
    this.#log = options.log;
    const disk = new FolderDisk(folder, options, this.#log);
    const listing = new FolderListing(folder, id, options);
    const writer = new FolderWriter(folder, id, options, listing);
    const reader = new FolderReader(folder, id, options, listing, this.#log);
    this.#disk = disk;
    this.#listing = listing;
    this.#writer = writer;
    this.#reader = reader;
    this.#claimParts = {
      ...{ folder, options, listing, writer, reader },
      run: (operations) => disk.run(operations, { purpose: 'write', canWait: true }),
      giveBack: (given) => this.#giveBack(given),
      onEnd: () => {
        this.#claim = undefined;
      },
    };
    void disk.run(() => listing.refresh(), { purpose: 'read' });
  }

  get isUsable(): boolean {
    if (this.#disk.isHanging) return false;
    if (!this.#disk.isFailing) return true;
    return this.#disk.isFull && this.#listing.next(1, undefined) !== undefined; // sending makes room
  }

  get room(): number {
    return Math.max(0, this.#options.maxBytes - this.#listing.bytes);
  }

  get hits(): number {
    return Math.max(0, this.#listing.hits);
  }

  get count(): number {
    return countKept(this.#kept) + (this.#claim?.count ?? 0);
  }

  get suspects(): number {
    return this.#listing.suspects;
  }

  get oldestSeconds(): number {
    return this.#listing.oldestMillis / 1000;
  }

  async store(hits: readonly Hit[]): Promise<number> {
    let stored = 0;
    while (stored < hits.length) {
      const left = hits.slice(stored);
      const append = async () => {
        await this.#listing.refresh();
        const appended = await this.#writer.append(left, this.room);
        if (appended) this.#disk.succeed();
        else this.#disk.fill('maxSpoolBytes is reached');
        return appended;
      };
      const appended = await this.#disk.run(append, {
        purpose: 'write',
        undo: async (late) => late && this.#writer.undo(late),
      });
      if (!appended) break;
      stored += appended.hits.length;
      this.#stored = hits.slice(0, stored);
    }
    // Until then, they are in memory, where they count.
    this.#options.counts.stored += stored;
    this.#stored = [];
    return stored;
  }

  async claim(most: number, maxFailures: number): Promise<Claim | undefined> {
    const take = async () => {
      await this.#listing.refresh();
      await this.#tidyUp();
      return this.#take(most, maxFailures);
    };
    const taken = await this.#disk.run(take, {
      purpose: 'read',
      undo: async (late) =>
        late && this.#reader.move(late.file, toWaiting(late.file, late.file.done)),
    });
    if (!taken) return undefined;
    this.#options.counts.claimed += taken.hits.length;
    this.#listing.hits -= taken.hits.length;
    this.#claim = new FolderClaim(taken, this.#claimParts);
    return this.#claim;
  }

  /** Files of dead processes, hits that are too old, and those that could not be given back. */
  async #tidyUp(): Promise<void> {
    for (const file of this.#listing.dead.splice(0)) await this.#reader.release(file);
    for (const file of this.#listing.expired.splice(0, MAX_EXPIRED)) {
      const taken = await this.#reader.take(file, Number.POSITIVE_INFINITY);
      if (taken) await this.#remove(taken);
    }
    await this.#writeKept();
  }

  async #writeKept(): Promise<void> {
    for (let kept = this.#kept[0]; kept; kept = this.#kept[0]) {
      try {
        await this.#writer.write(kept.hits, kept.failures, kept.source);
      } catch (error) {
        this.#disk.fail('write', error); // others can be sent, which makes room
        return;
      }
      this.#kept.shift();
      this.#options.counts.stored += kept.hits.length;
    }
  }

  async #take(most: number, maxFailures: number): Promise<Taken | undefined> {
    // The server fails, or hangs: one process that tries is enough.
    if (this.#writer.hasFailed && this.#listing.isAnotherSending) return undefined;
    const oldest = Date.now() - this.#options.maxAgeMillis;
    for (;;) {
      const file = this.#listing.next(maxFailures, this.#lastSuspect);
      if (!file) return undefined;
      if (file.failures > 1) this.#lastSuspect = file;
      this.#writer.forget(file);
      const isExpired = file.millis < oldest;
      const taken = await this.#reader.take(file, isExpired ? Number.POSITIVE_INFINITY : most);
      if (!taken) continue;
      if (!isExpired && taken.hits.length > 0) return taken;
      await this.#remove(taken);
    }
  }

  /** Removes hits that are too old, and lines that are damaged. */
  async #remove({ file, next, hits, damaged, bytes }: Taken): Promise<void> {
    if (!(await this.#reader.move(file, next))) return;
    if (next) this.#listing.add(next);
    this.#listing.count(-hits.length, next ? 0 : -bytes);
    this.#reader.countDamaged(file, damaged);
    if (hits.length === 0) return;
    this.#options.counts.claimed += hits.length;
    this.#options.counts.lost.expired += hits.length;
    this.#log.addExpired(hits.length);
  }

  async #giveBack(given: GivenBack): Promise<void> {
    const { hits, failures, source } = given;
    const written = await this.#disk.run(() => this.#writer.write(hits, failures, source), {
      purpose: 'write',
      undo: (late) => this.#reader.move(late, undefined),
    });
    if (written) this.#options.counts.stored += hits.length;
    else this.#kept.push(given);
  }

  storeNow(hits: readonly Hit[]): readonly Hit[] {
    if (this.#disk.isHanging || !this.#disk.isOpen) return hits;
    const { counts } = this.#options;
    const stored = new Set<Hit>(this.#stored);
    const findLeft = () => hits.filter((hit) => !stored.has(hit));
    try {
      for (const hit of this.#writer.finishNow()) stored.add(hit);
      this.#writer.writeNow(findLeft(), 0);
      for (const hit of hits) stored.add(hit);
      for (let kept = this.#kept[0]; kept; kept = this.#kept[0]) {
        this.#writer.writeNow(kept.hits, kept.failures, kept.source);
        this.#kept.shift();
        counts.stored += kept.hits.length;
      }
    } catch (error) {
      this.#disk.fail('write', error);
    }
    const left = findLeft();
    counts.stored += hits.length - left.length;
    return left;
  }

  async close(): Promise<void> {
    if (this.#disk.isOpen) {
      const finish = async () => {
        await this.#writeKept();
        await this.#writer.finish();
      };
      const finished = this.#disk.run(finish, { purpose: 'write' });
      await withTimeout(this.#options.limits.closeMillis, finished);
    }
    const lost = countKept(this.#kept.splice(0));
    this.#options.counts.lost.spool += lost;
    if (lost > 0) this.#log.addLost(lost);
  }
}

function countKept(kept: readonly GivenBack[]): number {
  return kept.reduce((sum, { hits }) => sum + hits.length, 0);
}
