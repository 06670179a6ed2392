import { resolve } from 'node:path';
import { codeOf } from '../common/describe-error.js';
import type { Hit } from '../hit/hit-text.js';
import { ClaimableFiles } from './claimable-files.js';
import { addResults, type Results } from './counts.js';
import { type Files, filesOf, type Steps } from './folder-files.js';
import { type HitsFile, nameOf, rename, unlink } from './folder-names.js';
import { FolderQueue } from './folder-queue.js';
import { isMissing, UntrustedFolder } from './folder-setup.js';
import { type ReadLines, readLines, toLines } from './hit-lines.js';
import type { Claim, Spool, SpoolOptions } from './store.js';

/** The wait after a failure until the folder is used again. */
const RETRY_MILLIS = 1_000;
type OwnClaim = Claim & Required<Pick<Claim, 'doneNow'>>;

/** A file whose hits this process is sending. */
interface Taken extends ReadLines {
  readonly file: HitsFile;
  /** Whether its hits have no result yet. */
  isOpen: boolean;
}

/** Hits that are being put into the folder. */
interface Put {
  readonly hits: readonly Hit[];
  readonly data: Buffer;
  /** Whether the caller has stopped waiting, because the disk hangs. */
  isLate: boolean;
  /** Whether the result of the rename that makes the hits count is unknown. */
  isUnknown: boolean;
}

/** Opens a spool in a folder of this machine, and creates the folder if it does not exist. A failure is retried later. */
export async function openFolder(options: SpoolOptions, files?: Files): Promise<Spool> {
  const store = new FolderStore(options, files ?? filesOf(resolve(options.place)));
  await store.open();
  return store;
}

/** Codes of errors that do not depend on the file. */
const TEMPORARY: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']);

/** Stores hits in files. Any process that shares the folder may send them. */
class FolderStore implements Spool {
  count = 0;
  readonly #options: SpoolOptions;
  readonly #queue: FolderQueue;
  readonly #list: ClaimableFiles;
  /** Times at which the folder is used again after a failure. If a full folder rejects hits, claims are still possible. */
  readonly #retryMillis = { put: Number.NEGATIVE_INFINITY, claim: Number.NEGATIVE_INFINITY };
  #isOpen = false;
  #hasBeenOpen = false;
  #isEnding = false;
  /** At the event `exit`, hits that could not be put or given back. */
  readonly #back: Hit[] = [];

  constructor(options: SpoolOptions, files: Files) {
    this.#options = options;
    this.#list = new ClaimableFiles(options);
    this.#queue = new FolderQueue(files, () => this.#log('it has not answered for 5 s'));
  }

  get isUsable(): boolean {
    return this.#can('claim');
  }

  #can(purpose: 'put' | 'claim'): boolean {
    const isTime = performance.now() >= this.#retryMillis[purpose];
    return isTime && !this.#queue.isHanging;
  }

  get hits(): number {
    return this.#list.hits;
  }

  get room(): number {
    return Math.max(0, this.#options.maxBytes - this.#list.bytes);
  }

  get oldestSeconds(): number {
    const { hits, oldestMillis } = this.#list;
    return hits === 0 ? Number.POSITIVE_INFINITY : oldestMillis / 1000;
  }

  async open(): Promise<void> {
    await this.#queue.run(this.#try('claim', () => this.#list.look()));
  }

  /** Runs an operation. Resolves with `undefined` if it fails. The failure is logged. */
  *#try<T>(purpose: 'put' | 'claim', run: () => Steps<T>): Steps<T | undefined> {
    try {
      if (!this.#isOpen) yield ['prepare', this.#options.matomoUrl];
      this.#isOpen = true;
      this.#hasBeenOpen = true;
      const value = yield* run();
      if (purpose === 'put') this.#options.log.end();
      return value;
    } catch (error) {
      this.#fail(purpose, error);
      return undefined;
    }
  }

  #fail(purpose: 'put' | 'claim', error: unknown): void {
    if (this.#isEnding) return;
    this.#retryMillis[purpose] = performance.now() + RETRY_MILLIS;
    if (isMissing(error)) this.#isOpen = false; // the folder may have been deleted
    if (!this.#isOpen) this.#retryMillis.claim = this.#retryMillis[purpose];
    if (error instanceof UntrustedFolder) this.#options.log.begin(codeOf(error), 'spool-owner');
    else this.#log(codeOf(error));
  }

  #log(reason: string): void {
    this.#options.log.begin(reason, this.#hasBeenOpen ? 'spool-not-written' : 'spool-not-used');
  }

  async put(hits: readonly Hit[]): Promise<boolean> {
    if (!this.#can('put')) return false;
    const put = toPut(hits);
    const isPut = await this.#queue.run<boolean | undefined>(
      this.#try('put', () => this.#put(put)),
      {
        onHang: () => {
          put.isLate = true;
          this.count += hits.length;
          return true;
        },
        onEnd: (value) => this.#endPut(put, value === true),
        onLeft: () => this.#endPut(put, false),
      },
    );
    return isPut === true;
  }

  /** Gives back hits that were not stored if the caller has stopped waiting for them, or the process is ending. */
  #endPut(put: Put, isStored: boolean): void {
    if (put.isLate) this.count -= put.hits.length;
    if (!isStored && (put.isLate || this.#isEnding)) this.#giveBack(put);
  }

  #giveBack({ hits, isUnknown }: Put): void {
    if (!this.#isEnding) this.#options.keep(hits);
    else if (isUnknown) this.#options.counts.lost.spool += hits.length;
    else this.#back.push(...hits);
  }

  *#put(put: Put, isBack = false): Steps<true> {
    const list = this.#list;
    const { hits, data } = put;
    if (!isBack && data.length > this.room) throw new Error('maxSpoolBytes is reached');
    if ((list.part?.hits ?? 0) + hits.length > this.#options.maxExportBatchSize)
      yield* list.finish();
    const { part } = list;
    list.part = undefined; // after any failure, nothing more is appended to it
    try {
      yield* this.#append(put, part ?? list.begin(Date.now()));
    } catch (error) {
      if (!part || !isMissing(error) || (this.#isEnding && put.isUnknown)) throw error;
      // Another process has claimed the file, because it seemed to belong to a dead process.
      yield* this.#append(put, list.begin(Date.now()));
    }
    return true;
  }

  /**
   * Appends hits to a file, which is created if it has no hits. The hits count once a rename has included them in the file name. A file that is
   * full, or gets no more hits, is finished.
   */
  *#append(put: Put, part: HitsFile, isLast = false): Steps<void> {
    const { hits, data } = put;
    const sizes = { hits: part.hits + hits.length, bytes: part.bytes + data.length };
    const isFinished = isLast || sizes.hits >= this.#options.maxExportBatchSize;
    const to: HitsFile = { ...part, ...sizes, state: isFinished ? 'hits' : 'part' };
    put.isUnknown = false;
    try {
      yield [part.hits === 0 ? 'create' : 'append', nameOf(part), data, isFinished];
      put.isUnknown = true;
      yield ['rename', nameOf(part), nameOf(to)];
    } catch (error) {
      if (part.hits === 0) yield* unlink(part);
      throw error;
    }
    put.isUnknown = false;
    this.#options.counts.stored += hits.length;
    this.#list.hits += hits.length;
    this.#list.bytes += data.length;
    if (isFinished) this.#list.add(to);
    else this.#list.part = to;
  }

  async claim(): Promise<Claim | undefined> {
    if (!this.#can('claim')) return undefined;
    let isLate = false;
    return this.#queue.run(
      this.#try('claim', () => this.#take()),
      {
        onHang: () => {
          isLate = true;
          return undefined;
        },
        onEnd: (claim) => {
          if (this.#isEnding) claim?.doneNow({}, claim.hits);
          else if (isLate) void claim?.done({}, claim.hits, false);
        },
      },
    );
  }

  *#take(): Steps<OwnClaim | undefined> {
    yield* this.#list.look();
    for (let file = this.#list.next(); file; file = this.#list.next()) {
      const claim = yield* this.#takeFile(file);
      if (claim) return claim;
    }
    return undefined;
  }

  /** Claims a file; `undefined` if another process was faster, or if the file cannot be read or has nothing to send. */
  *#takeFile(from: HitsFile): Steps<OwnClaim | undefined> {
    const { counts, log, resendUnconfirmed } = this.#options;
    const file = { ...from, state: 'sending' as const, sinceMillis: Date.now() };
    if (!(yield* rename(from, file))) return undefined;
    const isDead = from.state === 'sending';
    if (!isDead) this.#list.hits -= file.hits;
    if (file.hits === 0 || (isDead && !resendUnconfirmed)) {
      if (!(yield* unlink(file))) return undefined;
      counts.claimed += file.hits;
      counts.lost.unconfirmed += file.hits;
      log.addUnconfirmed(file.hits);
      return undefined;
    }
    const read = yield* this.#read(from, file);
    if (!read) return undefined;
    if (isDead) counts.resent += read.hits.length;
    const taken = { ...read, file, isOpen: true };
    this.count += file.hits;
    counts.claimed += file.hits;
    if (read.hits.length > 0) return this.#toClaim(taken);
    yield* this.#end(taken, {}, [], false);
    return undefined;
  }

  *#read(from: HitsFile, file: HitsFile): Steps<ReadLines | undefined> {
    try {
      return readLines((yield ['read', nameOf(file)]) as string, file.hits);
    } catch (error) {
      yield* rename(file, from);
      if (this.#isEnding || TEMPORARY.has(codeOf(error))) throw error;
      this.#list.skipped.add(nameOf(from));
      this.#options.log.addSkipped(nameOf(from), codeOf(error));
      return undefined;
    }
  }

  #toClaim(taken: Taken): OwnClaim {
    let hasEnded = false;
    const end = (results: Results, back: readonly Hit[], isBehind = false) => {
      hasEnded = true;
      return this.#end(taken, results, back, isBehind);
    };
    const leave = () => this.#leave(taken);
    return {
      hits: taken.hits,
      done: async (...given) => {
        const options = { isNeeded: true, onHang: () => true, onLeft: leave };
        return (await this.#queue.run(end(...given), options)) === true;
      },
      doneNow: (...given) => {
        this.#endNow();
        if (hasEnded) return;
        if (this.#queue.isHanging) leave();
        else this.#queue.runNow(end(...given));
      },
    };
  }

  /** Leaves a claim to another process, which counts its hits. */
  #leave(taken: Taken): void {
    if (!taken.isOpen) return;
    taken.isOpen = false;
    this.count -= taken.file.hits;
    this.#options.counts.claimed -= taken.file.hits;
  }

  /** Stores the hits that are given back, and deletes the file. Counts the results and returns true if the claim still belonged to this process. */
  *#end(taken: Taken, results: Results, back: readonly Hit[], isBehind: boolean): Steps<boolean> {
    const { counts, log } = this.#options;
    const { file, damaged } = taken;
    const own = { ...file, sinceMillis: Date.now() };
    let isOurs = false;
    try {
      isOurs = yield* back.length > 0 ? rename(file, own) : unlink(file);
    } catch (error) {
      this.#fail('claim', error);
    }
    if (!isOurs) {
      this.#leave(taken);
      return false;
    }
    this.#list.putOwnBehind(isBehind && back.length > 0);
    if (back.length > 0) yield* this.#putBack(back, isBehind ? undefined : file.millis);
    taken.isOpen = false;
    this.count -= file.hits;
    this.#list.bytes -= file.bytes;
    addResults(counts, { ...results, spool: damaged });
    log.addDamaged(damaged);
    if (back.length > 0) yield* unlink(own);
    return true;
  }

  /** Stores hits behind all others, or in a separate file at their previous position. */
  *#putBack(hits: readonly Hit[], millis: number | undefined): Steps<void> {
    const put = toPut(hits);
    try {
      if (millis === undefined) yield* this.#put(put, true);
      else yield* this.#append(put, this.#list.begin(millis), true);
    } catch (error) {
      this.#fail('put', error);
      this.#giveBack(put);
    }
  }

  #endNow(): void {
    this.#isEnding = true;
    this.#queue.endNow();
  }

  async hurry(millis: number): Promise<void> {
    this.#queue.hurry(millis);
    await this.close();
  }

  putNow(hits: readonly Hit[]): readonly Hit[] {
    this.#endNow();
    const all = [...this.#back.splice(0), ...hits];
    if (this.#queue.isHanging || !this.#isOpen) return all;
    const most = this.#options.maxExportBatchSize;
    let put = 0;
    for (let isPut = true; isPut && put < all.length; put += isPut ? most : 0) {
      const bulk = toPut(all.slice(put, put + most));
      isPut = this.#queue.runNow(this.#try('put', () => this.#put(bulk))) === true;
    }
    this.#queue.runNow(this.#try('put', () => this.#list.finish()));
    return all.slice(put);
  }

  async close(): Promise<void> {
    await this.#queue.run(this.#try('put', () => this.#list.finish()));
  }
}

function toPut(hits: readonly Hit[]): Put {
  const data = Buffer.from(toLines(hits), 'latin1');
  return { hits, data, isLate: false, isUnknown: false };
}
