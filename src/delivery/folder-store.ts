import { resolve } from 'node:path';
import { codeOf } from '../common/describe-error.js';
import type { Hit } from '../hit/hit-text.js';
import { addResults, type Results } from './counts.js';
import { type Files, filesOf, type Steps } from './folder-files.js';
import { FolderList } from './folder-list.js';
import { type HitsFile, nameOf, rename, unlink } from './folder-names.js';
import { FolderQueue } from './folder-queue.js';
import { isMissing, UntrustedFolder } from './folder-setup.js';
import { type ReadLines, readLines, toLines } from './hit-lines.js';
import type { Claim, Spool, SpoolOptions } from './store.js';

/** After a failure, the folder is tried again. */
const RETRY_MILLIS = 1_000;
type OwnClaim = Claim & Required<Pick<Claim, 'doneNow'>>;

/** A file that this process is sending. */
interface Taken extends ReadLines {
  readonly file: HitsFile;
}

/** Hits that are being put. */
interface Put {
  readonly hits: readonly Hit[];
  /** Its caller has gone on, because the disk hangs. */
  isLate: boolean;
  /** The rename that makes them count has begun, and has not ended. */
  isUnknown: boolean;
}

/** Opens a spool in a folder of this machine, which is created if it does not exist. If that fails, it is tried again. */
export async function openFolder(options: SpoolOptions, files?: Files): Promise<Spool> {
  const store = new FolderStore(options, files ?? filesOf(resolve(options.place)));
  await store.open();
  return store;
}

/** Hits in files, which any process sends that shares the folder. */
class FolderStore implements Spool {
  count = 0;
  readonly #options: SpoolOptions;
  readonly #queue: FolderQueue;
  readonly #list: FolderList;
  /** After a failure, when the next attempt may succeed. What has no room can be sent all the same. */
  readonly #retryMillis = { put: Number.NEGATIVE_INFINITY, claim: Number.NEGATIVE_INFINITY };
  #isOpen = false;
  #hasBeenOpen = false;
  /** At the event `exit`: hits that are not stored, and those that were being put and are. */
  #isEnding = false;
  readonly #back = new Set<Hit>();
  readonly #known = new Set<Hit>();

  constructor(options: SpoolOptions, files: Files) {
    this.#options = options;
    this.#list = new FolderList(options);
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
    const { hits, oldestMillis, part } = this.#list;
    if (hits === 0) return Number.POSITIVE_INFINITY;
    return Math.min(oldestMillis, part?.millis ?? Infinity) / 1000;
  }

  async open(): Promise<void> {
    await this.#queue.run(this.#try('claim', () => this.#list.look()));
  }

  /** Runs an operation. `undefined`: it has failed, which is logged. */
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
    if (isMissing(error)) this.#isOpen = false; // it may have been deleted
    if (!this.#isOpen) this.#retryMillis.claim = this.#retryMillis[purpose];
    if (error instanceof UntrustedFolder) this.#options.log.begin(codeOf(error), 'spool-owner');
    else this.#log(codeOf(error));
  }

  #log(reason: string): void {
    this.#options.log.begin(reason, this.#hasBeenOpen ? 'spool-not-written' : 'spool-not-used');
  }

  async put(hits: readonly Hit[]): Promise<boolean> {
    if (!this.#can('put')) return false;
    const put = { hits, isLate: false, isUnknown: false };
    const steps = this.#try('put', () => this.#put(put));
    const isPut = await this.#queue.run<boolean | undefined>(steps, {
      onHang: () => {
        put.isLate = true;
        this.count += hits.length;
        return true;
      },
      onEnd: (value) => this.#endPut(put, value === true),
      onLeft: () => {
        if (put.isUnknown) this.#options.counts.lost.spool += hits.length;
        this.#endPut(put, put.isUnknown);
      },
    });
    return isPut === true;
  }

  /** Hits that were not put are those of the caller, unless it has gone on. */
  #endPut({ hits, isLate }: Put, isKnown: boolean): void {
    if (isLate) this.count -= hits.length;
    if (!isKnown && (isLate || this.#isEnding)) this.#giveBack(hits);
    if (isKnown && this.#isEnding) for (const hit of hits) this.#known.add(hit);
  }

  #giveBack(hits: readonly Hit[]): void {
    if (this.#isEnding) for (const hit of hits) this.#back.add(hit);
    else this.#options.keep(hits);
  }

  *#put(put: Put): Steps<true> {
    const { counts, maxExportBatchSize } = this.#options;
    const { length } = put.hits;
    const data = Buffer.from(toLines(put.hits), 'latin1');
    if (data.length > this.room) throw new Error('maxSpoolBytes is reached');
    if ((this.#list.part?.hits ?? 0) + length > maxExportBatchSize) yield* this.#list.finish();
    const hasPart = this.#list.part !== undefined;
    try {
      yield* this.#append(put, data);
    } catch (error) {
      if (this.#isEnding && put.isUnknown) {
        counts.lost.spool += length;
        return true;
      }
      if (!hasPart || !isMissing(error)) throw error;
      yield* this.#append(put, data); // another process has taken the file for a dead one's
    }
    counts.stored += length;
    this.#list.hits += length;
    this.#list.bytes += data.length;
    return true;
  }

  *#append(put: Put, data: Buffer): Steps<void> {
    const part = this.#list.part ?? this.#list.begin(Date.now());
    const { hits, bytes } = part;
    const to = { ...part, hits: hits + put.hits.length, bytes: bytes + data.length };
    const isNew = this.#list.part === undefined;
    this.#list.part = undefined; // after any failure, nothing more is appended to it
    put.isUnknown = false;
    try {
      yield [isNew ? 'create' : 'append', nameOf(part), data];
      put.isUnknown = true;
      yield ['rename', nameOf(part), nameOf(to)];
    } catch (error) {
      if (isNew) yield* unlink(part);
      throw error;
    }
    put.isUnknown = false;
    this.#list.part = to;
  }

  async claim(most: number): Promise<Claim | undefined> {
    if (!this.#can('claim')) return undefined;
    let isLate = false;
    return this.#queue.run(
      this.#try('claim', () => this.#take(most)),
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

  *#take(most: number): Steps<OwnClaim | undefined> {
    yield* this.#list.look();
    const taken: Taken[] = [];
    let sum = 0;
    for (let file = this.#list.next(); file; file = sum < most ? this.#list.next() : undefined) {
      try {
        const one = yield* this.#takeFile(file);
        if (one) taken.push(one);
        sum += one?.file.hits ?? 0;
      } catch (error) {
        if (taken.length === 0) throw error;
        break;
      }
    }
    return taken.length > 0 ? this.#toClaim(taken) : undefined;
  }

  /** `undefined` if another process was faster, it cannot be read, or nothing in it is to be sent. */
  *#takeFile(from: HitsFile): Steps<Taken | undefined> {
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
    const taken = { ...read, file };
    if (read.hits.length > 0) return taken;
    this.#open([taken]);
    yield* this.#end([taken], {}, [], false);
    return undefined;
  }

  *#read(from: HitsFile, file: HitsFile): Steps<ReadLines | undefined> {
    try {
      return readLines((yield ['read', nameOf(file)]) as string, file.hits);
    } catch (error) {
      yield* rename(file, from);
      if (this.#isEnding) throw error;
      this.#list.skipped.add(nameOf(from));
      this.#options.log.addSkipped(nameOf(from), codeOf(error));
      return undefined;
    }
  }

  #toClaim(taken: readonly Taken[]): OwnClaim {
    const { counts } = this.#options;
    let hasEnded = false;
    this.#open(taken);
    const end = (results: Results, back: readonly Hit[], isBehind = false) => {
      hasEnded = true;
      return this.#end(taken, results, back, isBehind);
    };
    const leave = () => {
      hasEnded = true;
      this.count -= linesOf(taken);
      counts.claimed -= linesOf(taken);
    };
    return {
      hits: taken.flatMap(({ hits }) => hits),
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

  #open(taken: readonly Taken[]): void {
    this.count += linesOf(taken);
    this.#options.counts.claimed += linesOf(taken);
  }

  /** Returns whether the hits were still those of this process. Then they are counted. */
  *#end(
    taken: readonly Taken[],
    results: Results,
    back: readonly Hit[],
    isBehind: boolean,
  ): Steps<boolean> {
    const { counts, log } = this.#options;
    const lines = linesOf(taken);
    const isOurs = yield* this.#replace(taken, back, isBehind);
    this.count -= lines;
    if (!isOurs) {
      counts.claimed -= lines;
      return false;
    }
    const damaged = taken.reduce((sum, one) => sum + one.damaged, 0);
    addResults(counts, results);
    addResults(counts, { spool: damaged });
    log.addDamaged(damaged);
    return true;
  }

  /** Writes what is given back, then deletes the files. */
  *#replace(taken: readonly Taken[], back: readonly Hit[], isBehind: boolean): Steps<boolean> {
    const files = taken.map(({ file }) => file);
    const own: HitsFile[] = [];
    for (const file of files) {
      const again = { ...file, sinceMillis: Date.now() };
      if (back.length === 0) own.push(file);
      else if (yield* this.#move(file, again)) own.push(again); // they are still those of this process
    }
    const millis = isBehind ? Date.now() : Math.min(...files.map((file) => file.millis));
    let isWritten = back.length === 0;
    try {
      if (back.length > 0 && own.length > 0) {
        yield* this.#list.write(back, millis);
        isWritten = true;
      }
    } catch (error) {
      this.#fail('put', error);
    }
    let isOurs = false;
    for (const file of own) {
      if (!(yield* unlink(file))) continue;
      isOurs = true;
      this.#list.bytes -= file.bytes;
    }
    if (isWritten) this.#options.counts.stored += back.length;
    else if (isOurs) this.#giveBack(back);
    return isOurs;
  }

  /** A claim that cannot be renamed is left to the process that finds it. */
  *#move(from: HitsFile, to: HitsFile): Steps<boolean> {
    try {
      return yield* rename(from, to);
    } catch (error) {
      this.#fail('claim', error);
      return false;
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
    const all = [...new Set([...this.#back, ...hits])].filter((hit) => !this.#known.has(hit));
    this.#back.clear();
    if (this.#queue.isHanging || !this.#isOpen) return all;
    const most = this.#options.maxExportBatchSize;
    let put = 0;
    for (let isPut = true; isPut && put < all.length; put += isPut ? most : 0) {
      const bulk = { hits: all.slice(put, put + most), isLate: false, isUnknown: false };
      isPut = this.#queue.runNow(this.#try('put', () => this.#put(bulk))) === true;
    }
    this.#queue.runNow(this.#try('put', () => this.#list.finish()));
    return all.slice(put);
  }

  async close(): Promise<void> {
    await this.#queue.run(this.#try('put', () => this.#list.finish()));
  }
}

function linesOf(taken: readonly Taken[]): number {
  return taken.reduce((sum, { file }) => sum + file.hits, 0);
}
