import { codeOf } from '../../common/describe-error.js';
import { withTimeout } from '../../common/timers.js';
import type { Hit } from '../../hit/hit.js';
import { bytesOf } from '../bulk.js';
import type { Claim, Spool } from '../store.js';
import { FolderClaim, type FolderParts } from './folder-claim.js';
import { FolderDisk } from './folder-disk.js';
import { FolderFiles, ForeignFile, isTaken } from './folder-files.js';
import { FolderListing } from './folder-listing.js';
import { type HitsFile, idOf, nameOf } from './folder-names.js';
import { FolderWriter } from './folder-writer.js';
import { readLine } from './hit-line.js';
import type { SpoolOptions } from './spool-options.js';

/** How many files are tried before a claim: others may be faster, and hits may be too old. */
const MAX_TRIES = 100;
const LINE_FEED = 10;
const FOREIGN = 'is a link, not a regular file, or owned by another user. It is not read.';

/** The lines of a file; `undefined` for one that is damaged, or missing. */
interface Contents {
  readonly id: string;
  readonly lines: readonly (Hit | undefined)[];
  readonly bytes: number;
}

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
  readonly #files: FolderFiles;
  readonly #disk: FolderDisk;
  readonly #listing: FolderListing;
  readonly #writer: FolderWriter;
  readonly #parts: FolderParts;
  /** The latest one, which may have ended. */
  #claim: FolderClaim | undefined;
  /** The file that was read last: it usually has several bulks. */
  #contents: Contents | undefined;

  constructor(options: SpoolOptions) {
    const files = new FolderFiles(options.place);
    const disk = new FolderDisk(files.folder, options);
    const listing = new FolderListing(files, options);
    const writer = new FolderWriter(files, options, listing, disk);
    this.#options = options;
    this.#files = files;
    this.#disk = disk;
    this.#listing = listing;
    this.#writer = writer;
    this.#parts = { options, files, disk, listing, writer, hasFailed: false };
    void disk.run('claim', () => listing.refresh());
  }

  get isUsable(): boolean {
    // Sending makes room.
    return this.#disk.can('claim') && (this.#disk.can('store') || this.#listing.hasWaiting);
  }

  get room(): number {
    return Math.max(0, this.#options.maxBytes - this.#listing.bytes);
  }

  get hits(): number {
    return this.#listing.hits + (this.#claim?.restHits ?? 0);
  }

  get count(): number {
    return this.#writer.keptHits + (this.#claim?.count ?? 0);
  }

  get suspects(): number {
    return this.#listing.suspects;
  }

  get oldestSeconds(): number {
    return this.#listing.oldestMillis / 1000;
  }

  async store(hits: readonly Hit[]): Promise<number> {
    const append = async () => {
      await this.#listing.refresh();
      return this.#writer.append(hits);
    };
    const appended = await this.#disk.run('store', append, {
      undo: (late) => this.#writer.undo(late),
    });
    // Until then, they are in memory, where they count.
    if (appended) this.#options.counts.stored += hits.length;
    return appended ? hits.length : 0;
  }

  async claim(most: number, maxFailures: number): Promise<Claim | undefined> {
    return this.#disk.run('claim', () => this.#claimNext(most, maxFailures), {
      undo: async (late) => late?.settle({}, [late]),
    });
  }

  async #claimNext(most: number, maxFailures: number): Promise<FolderClaim | undefined> {
    const { maxAgeMillis, log } = this.#options;
    const { hasFailed } = this.#parts;
    await this.#listing.refresh(hasFailed);
    await this.#writer.writeKept();
    // The server fails, or hangs: one process that tries is enough.
    if (hasFailed && this.#listing.isAnotherSending) return undefined;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const file = this.#listing.nextExpired() ?? this.#listing.next(maxFailures);
      if (!file) return undefined;
      const isExpired = file.millis < Date.now() - maxAgeMillis;
      const isUnconfirmed = file.state === 'sending' && !this.#options.resendUnconfirmed;
      const claim = await this.#take(file, isExpired ? Infinity : most, isUnconfirmed);
      if (!claim) continue;
      const { length } = claim.hits;
      if (isUnconfirmed) {
        if ((await claim.settle({ unconfirmed: length }, [])) && length > 0)
          log.addUnconfirmed(length);
      } else if (isExpired) {
        if ((await claim.settle({ expired: length }, [])) && length > 0) log.addExpired(length);
      } else if (length > 0) {
        return claim;
      } else {
        await claim.settle({}, []);
      }
    }
    return undefined;
  }

  /** Claims at most so many hits of a file, or those whose result is unknown. `undefined` if another process was faster, or the file cannot be read. */
  async #take(
    file: HitsFile,
    most: number,
    isUnconfirmed: boolean,
  ): Promise<FolderClaim | undefined> {
    this.#listing.remove(file);
    this.#writer.forget(file);
    const contents = await this.#read(file);
    if (!contents) return undefined;
    const { lines, bytes } = contents;
    const until = isUnconfirmed ? file.until : this.#endOfBulk(lines, file.done, most);
    const sender = this.#files.id;
    const sending = { ...file, state: 'sending', until, sender, activeMillis: Date.now() } as const;
    try {
      if (!(await this.#files.move(file, sending))) return undefined;
    } catch (error) {
      if (isTaken(error)) return undefined;
      this.#listing.add(file);
      throw error;
    }
    const hits = lines.slice(file.done, until).filter((hit) => hit !== undefined);
    this.#claim = new FolderClaim({ file: sending, hits, bytes }, this.#parts);
    return this.#claim;
  }

  /** The line after those of the next bulk. */
  #endOfBulk(lines: Contents['lines'], start: number, most: number): number {
    const { maxBodyBytes } = this.#options.limits;
    let hits = 0;
    let bytes = 0;
    for (let end = start; end < lines.length; end++) {
      const hit = lines[end];
      if (!hit) continue;
      bytes += bytesOf(hit);
      if (hits === most || (hits > 0 && bytes > maxBodyBytes)) return end;
      hits += 1;
    }
    return lines.length;
  }

  /** `undefined` if a file is gone, or cannot be read. */
  async #read(file: HitsFile): Promise<Contents | undefined> {
    const id = `${idOf(file)} ${file.lines}`;
    if (this.#contents?.id === id) return this.#contents;
    try {
      const data = await this.#files.read(file);
      if (!data) return undefined;
      this.#contents = { id, lines: toHits(data, file.lines), bytes: data.length };
      return this.#contents;
    } catch (error) {
      const { log } = this.#options;
      this.#listing.skip(file);
      if (error instanceof ForeignFile) log.addSkipped('spool-owner', nameOf(file), FOREIGN);
      else log.addSkipped('spool-not-read', nameOf(file), `cannot be read (${codeOf(error)}).`);
      return undefined;
    }
  }

  storeNow(hits: readonly Hit[]): readonly Hit[] {
    const { counts, hasToken: needsToken } = this.#options;
    if (this.#disk.isHanging || !this.#disk.isOpen) return hits;
    try {
      const appended = new Set(this.#writer.finishNow());
      const left = hits.filter((hit) => !appended.has(hit));
      counts.stored += hits.length - left.length;
      this.#writer.keep([{ hits: left, failures: 0 }], { millis: Date.now(), needsToken });
    } catch (error) {
      this.#disk.fail('store', error);
      return hits;
    }
    this.#writer.writeKeptNow();
    return this.#writer.kept.splice(0).flatMap((each) => each.hits);
  }

  async close(): Promise<void> {
    const { counts, limits, log } = this.#options;
    const finish = async () => {
      await this.#writer.writeKept();
      await this.#writer.finish();
    };
    await withTimeout(limits.closeMillis, this.#disk.run('claim', finish));
    const lost = this.#writer.keptHits;
    this.#writer.kept.length = 0;
    counts.lost.spool += lost;
    if (lost > 0) log.addLost(lost);
  }
}

/** The hits in so many lines; `undefined` for one that is damaged, or missing. */
function toHits(data: Buffer, lines: number): (Hit | undefined)[] {
  const hits: (Hit | undefined)[] = [];
  for (let from = 0; hits.length < lines; ) {
    const found = data.indexOf(LINE_FEED, from);
    const to = found < 0 ? data.length : found;
    hits.push(to > from ? readLine(data.subarray(from, to)) : undefined);
    from = to + 1;
  }
  return hits;
}
