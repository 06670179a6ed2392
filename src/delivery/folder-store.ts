import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { codeOf } from '../common/describe-error.js';
import type { Hit } from '../hit/hit.js';
import { addResults, type Results } from './counts.js';
import {
  DESCRIPTION,
  isMissing,
  keepKeys,
  OPEN_SAFELY,
  prepareFolder,
  readOwn,
  UntrustedFolder,
} from './folder-setup.js';
import { readLines, toLines } from './hit-lines.js';
import type { Claim, Spool, SpoolOptions } from './store.js';

// Hits are in files, one per line. To own the hits of a file is to have renamed it. Its name says all that others need to know:
//
//     1795176000123-1f0e3dad-7-token.part                              process 1f0e3dad appends to it
//     1795176000123-1f0e3dad-7-token.100-48123.hits                    waits: 100 hits, 48,123 bytes
//     1795176000123-1f0e3dad-7-token.100-48123.1795176009789.sending   is being sent since this time
//
// The first number is the time in milliseconds at which it was begun, which is its place among all files.

interface HitsFile {
  /** Without what comes after the first dot. */
  readonly id: string;
  readonly millis: number;
  readonly writer: string;
  readonly number: number;
  readonly needsToken: boolean;
  readonly state: 'part' | 'hits' | 'sending';
  /** Of a `.part`, 0. */
  readonly hits: number;
  readonly bytes: number;
  readonly sentMillis: number;
}

const NAME =
  /^((\d{1,16})-([\da-f]{8})-(\d{1,9})(-token)?)\.(?:(part)|(\d{1,7})-(\d{1,12})\.(?:(\d{1,16})\.)?(hits|sending))$/;

/** `undefined` if a name is not that of a file with hits. */
export function parseName(name: string): HitsFile | undefined {
  const found = NAME.exec(name);
  if (!found) return undefined;
  const [, id = '', millis, writer = '', number, token, part, hits, bytes, sent, state] = found;
  return {
    ...{ id, millis: Number(millis), writer, number: Number(number) },
    needsToken: token !== undefined,
    state: (part ?? state) as HitsFile['state'],
    ...{ hits: Number(hits ?? 0), bytes: Number(bytes ?? 0), sentMillis: Number(sent ?? 0) },
  };
}

const sizesOf = ({ hits, bytes }: Pick<HitsFile, 'hits' | 'bytes'>) => `${hits}-${bytes}`;

/** A file is closed when it has so many bytes. */
const MAX_FILE_BYTES = 1_000_000;
/** Names are listed at most so often, and take at most one part in so many of the time. */
const LIST_MILLIS = 1_000;
const PAUSE_FACTOR = 30;
/** After a failure, the folder is tried again. */
const RETRY_MILLIS = 1_000;

/** A file that this process is sending. */
interface Taken {
  readonly file: HitsFile;
  readonly path: string;
  /** Its path if it is given back. */
  readonly waitingPath: string;
  readonly hits: readonly Hit[];
}

/** Opens a spool in a folder of this machine, which is created if it does not exist. If that fails, it is tried again. */
export function openFolder(options: SpoolOptions): Spool {
  return new FolderStore(options);
}

/**
 * Hits in files, which any process sends that shares the folder. All operations but the listing are synchronous, as in a logger: they take
 * some ten microseconds, and nothing is half done when the process exits.
 */
class FolderStore implements Spool {
  count = 0;
  hits = 0;
  #bytes = 0;
  /** As listed. */
  #oldestMillis = Number.POSITIVE_INFINITY;
  readonly #options: SpoolOptions;
  readonly #folder: string;
  readonly #id = randomBytes(4).toString('hex');
  #number = 0;
  /** The file to which hits are appended. It is not open in between: another process may rename it. */
  #part: { id: string; hits: number; bytes: number } | undefined;
  /** Files that can be claimed, in their order. */
  #files: HitsFile[] = [];
  #listMillis = Number.NEGATIVE_INFINITY;
  /** After a failure, when the next attempt may succeed. What has no room can be sent all the same. */
  readonly #retryMillis = { put: Number.NEGATIVE_INFINITY, claim: Number.NEGATIVE_INFINITY };
  /** Files that cannot be read. */
  readonly #skipped = new Set<string>();
  #isOpen = false;
  #hasBeenOpen = false;
  #sharedDays: string | undefined;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#folder = resolve(options.place);
    this.#try('claim', () => this.#list(readdirSync(this.#folder)));
  }

  get isUsable(): boolean {
    return performance.now() >= this.#retryMillis.claim;
  }

  get room(): number {
    return Math.max(0, this.#options.maxBytes - this.#bytes);
  }

  /** Runs an operation. `undefined`: it has failed, which is logged. */
  #try<T>(purpose: 'put' | 'claim', run: () => T): T | undefined {
    try {
      this.#prepare();
      const value = run();
      if (purpose === 'put') this.#options.log.end();
      return value;
    } catch (error) {
      this.#fail(purpose, error);
      return undefined;
    }
  }

  #fail(purpose: 'put' | 'claim', error: unknown): void {
    const { log } = this.#options;
    if (this.#isOpen && !existsSync(join(this.#folder, DESCRIPTION))) {
      this.#isOpen = false; // it is made again at once
      this.#part = undefined;
      this.#files = [];
      log.addLost('The folder was deleted');
      return;
    }
    this.#retryMillis[purpose] = performance.now() + RETRY_MILLIS;
    if (!this.#isOpen) this.#retryMillis.claim = this.#retryMillis[purpose];
    if (error instanceof UntrustedFolder) log.begin(codeOf(error), 'spool-owner');
    else log.begin(codeOf(error), this.#hasBeenOpen ? 'spool-not-written' : 'spool-not-used');
  }

  /** Throws if the folder cannot be used. */
  #prepare(): void {
    const { keys, matomoUrl, log } = this.#options;
    if (!this.#isOpen) {
      prepareFolder(this.#folder, matomoUrl);
      this.#isOpen = true;
      this.#hasBeenOpen = true;
      this.#sharedDays = undefined;
    }
    // Daily keys: three times a day, at midnight, an hour later, and before the next midnight.
    const days = keys?.days.join();
    if (!keys || days === this.#sharedDays) return;
    this.#sharedDays = days;
    try {
      keepKeys(this.#folder, keys);
    } catch (error) {
      log.beginKeyUnshared(codeOf(error));
    }
  }

  put(hits: readonly Hit[]): boolean {
    if (performance.now() < this.#retryMillis.put) return false;
    const put = () => this.#try('put', () => this.#append(hits));
    const isPut = (put() ?? put()) === true; // if the folder was deleted, it is made again
    if (isPut) this.#options.counts.stored += hits.length;
    if (isPut) this.hits += hits.length;
    return isPut;
  }

  putNow(hits: readonly Hit[]): readonly Hit[] {
    this.#retryMillis.put = Number.NEGATIVE_INFINITY;
    const isPut = hits.length === 0 || this.put(hits);
    this.#try('put', () => this.#finish());
    return isPut ? [] : hits;
  }

  #append(hits: readonly Hit[]): true {
    const data = Buffer.from(toLines(hits), 'latin1');
    if (data.length > this.room) throw new Error('maxSpoolBytes is reached');
    const most = this.#options.maxExportBatchSize;
    if (this.#part && (this.#part.hits + hits.length > most || this.#part.bytes > MAX_FILE_BYTES))
      this.#finish();
    const part = this.#part ?? this.#begin(Date.now());
    const flags = constants.O_WRONLY | constants.O_APPEND | OPEN_SAFELY;
    const isNew = part.hits === 0 ? constants.O_CREAT | constants.O_EXCL : 0;
    try {
      write(this.#pathOf(`${part.id}.part`), data, flags | isNew, part.bytes);
    } catch (error) {
      if (isNew || !isMissing(error)) throw error;
      this.#part = undefined; // another process has taken it for a dead one's
      return this.#append(hits);
    }
    this.#part = part;
    part.hits += hits.length;
    part.bytes += data.length;
    this.#bytes += data.length;
    return true;
  }

  #begin(millis: number) {
    this.#number += 1;
    const token = this.#options.hasToken ? '-token' : '';
    return { id: `${millis}-${this.#id}-${this.#number}${token}`, hits: 0, bytes: 0 };
  }

  /** The file to which hits were appended becomes one that any process may claim. */
  #finish(): HitsFile | undefined {
    const part = this.#part;
    if (!part) return undefined;
    const name = `${part.id}.${sizesOf(part)}.hits`;
    const isOurs = rename(this.#pathOf(`${part.id}.part`), this.#pathOf(name));
    this.#part = undefined;
    return isOurs ? this.#add(name) : undefined;
  }

  /** Adds a file that can be claimed. */
  #add(name: string): HitsFile | undefined {
    const file = parseName(name);
    if (!file) return undefined;
    this.#files.push(file);
    this.#files.sort((a, b) => this.#compare(a, b));
    return file;
  }

  /** Writes hits to a file of its own. */
  #write(hits: readonly Hit[], millis: number): true {
    const { id } = this.#begin(millis);
    const data = Buffer.from(toLines(hits), 'latin1');
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | OPEN_SAFELY;
    write(this.#pathOf(`${id}.part`), data, flags, 0);
    const name = `${id}.${sizesOf({ hits: hits.length, bytes: data.length })}.hits`;
    renameSync(this.#pathOf(`${id}.part`), this.#pathOf(name));
    this.#bytes += data.length;
    this.#add(name);
    return true;
  }

  async claim(most: number): Promise<Claim | undefined> {
    if (!this.isUsable) return undefined;
    if (performance.now() >= this.#listMillis) {
      const start = performance.now();
      const names = await readdir(this.#folder).catch(() => undefined);
      this.#try('claim', () => this.#list(names ?? readdirSync(this.#folder)));
      const end = performance.now();
      this.#listMillis = end + Math.max(LIST_MILLIS, (end - start) * PAUSE_FACTOR);
    }
    return this.#try('claim', () => this.#take(most));
  }

  #list(names: readonly string[]): void {
    if (!names.includes(DESCRIPTION)) throw new Error('the folder was deleted');
    const all = names.map(parseName).filter((file) => file !== undefined);
    this.#files = all.filter((file) => this.#canClaim(file));
    this.#files.sort((a, b) => this.#compare(a, b));
    const { hits = 0, bytes = 0 } = this.#part ?? {};
    this.#bytes = all.reduce((sum, file) => sum + file.bytes, bytes);
    const waiting = all.filter(({ state }) => state === 'hits');
    this.hits = waiting.reduce((sum, file) => sum + file.hits, hits);
    this.#oldestMillis = waiting.reduce((oldest, { millis }) => Math.min(oldest, millis), Infinity);
  }

  get oldestSeconds(): number {
    if (this.hits === 0) return Number.POSITIVE_INFINITY;
    const ofPart = this.#part ? Number(this.#part.id.split('-', 1)) : Number.POSITIVE_INFINITY;
    return Math.min(this.#oldestMillis, ofPart) / 1000;
  }

  #canClaim(file: HitsFile): boolean {
    const { hasToken, deadMillis } = this.#options;
    if ((file.needsToken && !hasToken) || this.#skipped.has(file.id)) return false;
    if (file.state === 'hits') return true;
    if (file.state === 'part' && file.id === this.#part?.id) return false;
    const sinceMillis = file.state === 'part' ? this.#modifiedMillis(file) : file.sentMillis;
    return Math.abs(Date.now() - sinceMillis) > deadMillis; // its clock may be set back
  }

  #modifiedMillis({ id }: HitsFile): number {
    return statSync(this.#pathOf(`${id}.part`), { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  }

  /** Own hits are first, then the oldest: hits of a visitor, whom one process usually serves, are seldom sent by two at the same time. */
  #compare(a: HitsFile, b: HitsFile): number {
    const isOwn = ({ writer }: HitsFile) => Number(writer === this.#id);
    return isOwn(b) - isOwn(a) || a.millis - b.millis || a.number - b.number;
  }

  /** Whether the file to which hits are appended is the next one. */
  get #isPartFirst(): boolean {
    const [first] = this.#files;
    return first?.writer !== this.#id || Number.parseInt(this.#part?.id ?? '', 10) <= first.millis;
  }

  #take(most: number): Claim | undefined {
    const { counts, log, resendUnconfirmed, maxAgeMillis } = this.#options;
    const taken: Taken[] = [];
    let sum = 0;
    if (this.#isPartFirst) this.#finish();
    while (sum < most) {
      const file = this.#files.shift() ?? this.#finish();
      if (!file) break;
      if (this.#files[0] === file) this.#files.shift();
      let one: Taken | undefined;
      try {
        one = this.#takeFile(file);
      } catch (error) {
        this.#files.unshift(file);
        if (taken.length === 0) throw error;
        break;
      }
      if (!one) continue;
      const { length } = one.hits;
      const isExpired = file.millis < Date.now() - maxAgeMillis;
      const isUnconfirmed = file.state === 'sending' && !resendUnconfirmed;
      if (isUnconfirmed || isExpired || length === 0) {
        if (!unlink(one.path)) continue;
        counts.claimed += length;
        counts.lost[isUnconfirmed ? 'unconfirmed' : 'expired'] += length;
        if (isUnconfirmed) log.addUnconfirmed(length);
        else log.addExpired(length);
        continue;
      }
      taken.push(one);
      sum += length;
      if (file.state === 'hits') this.hits -= length;
    }
    if (taken.length === 0) return undefined;
    this.count = sum;
    counts.claimed += sum;
    let isEnded = false;
    const end = (results: Results, back: readonly Hit[], isBehind = false) => {
      if (isEnded) return true; // at the event `exit`
      isEnded = true;
      return this.#end(taken, results, back, isBehind);
    };
    return {
      hits: taken.flatMap(({ hits }) => hits),
      done: async (results, back, isBehind) => end(results, back, isBehind),
      doneNow: end,
    };
  }

  /** `undefined` if another process was faster, or it cannot be read. */
  #takeFile(file: HitsFile): Taken | undefined {
    const { counts, log } = this.#options;
    const { id, state, sentMillis } = file;
    const sizes = sizesOf(file); // of a `.part`, unknown
    const oldName =
      state === 'part'
        ? `${id}.part`
        : `${id}.${sizes}.${state === 'hits' ? '' : `${sentMillis}.`}${state}`;
    const path = this.#pathOf(`${id}.${sizes}.${Date.now()}.sending`);
    const waitingPath = this.#pathOf(`${id}.${sizes}.hits`);
    if (!rename(this.#pathOf(oldName), path)) return undefined;
    try {
      const { hits, damaged } = readLines(readOwn(path));
      counts.claimed += damaged;
      counts.lost.spool += damaged;
      log.addDamaged(damaged);
      return { file, path, waitingPath, hits };
    } catch (error) {
      rename(path, this.#pathOf(oldName));
      this.#skipped.add(id);
      log.addSkipped(oldName, codeOf(error));
      return undefined;
    }
  }

  /** Returns whether the hits were still those of this process. */
  #end(
    taken: readonly Taken[],
    results: Results,
    back: readonly Hit[],
    isBehind: boolean,
  ): boolean {
    const { counts, keep } = this.#options;
    const sum = this.count;
    this.count = 0;
    if (!taken.some(({ path }) => existsSync(path))) {
      counts.claimed -= sum;
      return false;
    }
    addResults(counts, results);
    counts.stored += back.length;
    this.hits += back.length;
    const given = new Set(taken.flatMap(({ hits }) => hits));
    if (!isBehind && back.length === sum && back.every((hit) => given.has(hit))) {
      for (const { path, waitingPath } of taken)
        if (rename(path, waitingPath)) this.#add(basename(waitingPath));
      return true;
    }
    const millis = isBehind ? Date.now() : Math.min(...taken.map(({ file }) => file.millis));
    const write = () =>
      back.length === 0 || this.#try('put', () => this.#write(back, millis)) === true;
    // If the disk is full, what was sent makes room.
    const isWritten = write();
    for (const { path, file } of taken) if (unlink(path)) this.#bytes -= file.bytes;
    if (!isWritten && !write()) {
      counts.stored -= back.length;
      this.hits -= back.length;
      keep(back);
    }
    return true;
  }

  #pathOf(name: string): string {
    return join(this.#folder, name);
  }

  async close(): Promise<void> {
    this.#try('put', () => this.#finish());
  }
}

/** Returns `false` if there is no such file, or another process is faster; on Windows, also if one has it open. */
function rename(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const isTaken = process.platform === 'win32' && ['EPERM', 'EACCES', 'EBUSY'].includes(code);
    if (isTaken || isMissing(error)) return false;
    throw error;
  }
}

function unlink(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Writes at the end of a file. If that fails, the file is cut back to what it had, to make room. */
function write(path: string, data: Buffer, flags: number, before: number): void {
  const file = openSync(path, flags, 0o600);
  try {
    for (let written = 0; written < data.length; ) written += writeSync(file, data, written);
  } catch (error) {
    ftruncateSync(file, before);
    throw error;
  } finally {
    closeSync(file);
  }
}
