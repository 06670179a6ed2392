import { randomBytes } from 'node:crypto';
import { codeOf } from '../common/describe-error.js';
import type { Steps } from './folder-files.js';
import { type HitsFile, nameOf, parseName, rename } from './folder-names.js';
import { isMissing } from './folder-setup.js';
import type { SpoolOptions } from './store.js';

/** The minimum interval between two listings, and the factor that limits the share of time they use. */
const LIST_MILLIS = 1_000;
const PAUSE_FACTOR = 30;
/** A file without an append for this time belongs to a dead process. */
const DEAD_PART_MILLIS = 60_000;
/** The limit by the wall clock for all files. Processes that live only briefly cannot measure the other limits. */
const DEAD_WALL_MILLIS = 3_600_000;

/** The files of the folder when it was last listed, with later changes by this process. Decides which file is claimed next. */
export class ClaimableFiles {
  /** The number of hits that no process is sending, and the bytes of all files. */
  hits = 0;
  bytes = 0;
  oldestMillis = Number.POSITIVE_INFINITY;
  /** The file to which this process appends. */
  part: HitsFile | undefined;
  /** Names of files that cannot be read. */
  readonly skipped = new Set<string>();
  readonly #options: SpoolOptions;
  readonly #writer = randomBytes(4).toString('hex');
  #number = 0;
  /** Whether own files are claimed in the order of their age, like all others. Otherwise they are claimed first. */
  #isBehind = false;
  /** Files that can be claimed, in the order of claims. */
  #waiting: HitsFile[] = [];
  /** Times on the monotonic clock at which this process first saw files to which others append, or which others send. */
  #seenMillis = new Map<string, number>();
  #nextMillis = Number.NEGATIVE_INFINITY;
  /** Days whose visitor keys the folder has. */
  #sharedDays: string | undefined;

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /** Lists the files unless they were listed recently. */
  *look(): Steps<void> {
    const startMillis = performance.now();
    if (startMillis < this.#nextMillis) return;
    this.#update((yield ['list']) as string[]);
    const now = performance.now();
    this.#nextMillis = now + Math.max(LIST_MILLIS, (now - startMillis) * PAUSE_FACTOR);
    yield* this.#share();
  }

  /** Shares daily keys twice a day: ten minutes before midnight, and an hour after midnight. */
  *#share(): Steps<void> {
    const { keys, log } = this.#options;
    const days = keys?.days.join();
    if (!keys || days === this.#sharedDays) return;
    try {
      yield ['share', keys];
      this.#sharedDays = days;
    } catch (error) {
      log.beginKeyUnshared(codeOf(error));
    }
  }

  #update(names: readonly string[]): void {
    const now = performance.now();
    const seenMillis = new Map<string, number>();
    const all = names.map(parseName).filter((file) => file !== undefined);
    for (const file of all)
      if (file.state !== 'hits')
        seenMillis.set(nameOf(file), this.#seenMillis.get(nameOf(file)) ?? now);
    this.#seenMillis = seenMillis;
    this.#waiting = all.filter((file) => this.#canClaim(file, now));
    this.#sort();
    this.bytes = all.reduce((sum, { bytes }) => sum + bytes, 0);
    const waiting = all.filter(({ state }) => state !== 'sending');
    this.hits = waiting.reduce((sum, { hits }) => sum + hits, 0);
    this.oldestMillis = waiting.reduce((oldest, { millis }) => Math.min(oldest, millis), Infinity);
  }

  #canClaim(file: HitsFile, now: number): boolean {
    const { hasToken, deadMillis } = this.#options;
    const { needsToken, state, writer, number, millis, sinceMillis } = file;
    if ((needsToken && !hasToken) || this.skipped.has(nameOf(file))) return false;
    if (state === 'hits') return true;
    const isPart = state === 'part';
    if (isPart && writer === this.#writer) return number !== this.part?.number;
    const limitMillis = isPart ? Math.min(DEAD_PART_MILLIS, deadMillis) : deadMillis;
    const unchangedMillis = now - (this.#seenMillis.get(nameOf(file)) ?? now);
    const wallMillis = Date.now() - (isPart ? millis : sinceMillis);
    return unchangedMillis > limitMillis || wallMillis > DEAD_WALL_MILLIS;
  }

  /** Orders own files first (unless `#isBehind`), then older ones. Two processes then seldom send hits of one visitor at the same time. */
  #compare(a: HitsFile, b: HitsFile): number {
    const isOwn = ({ writer }: HitsFile) => Number(!this.#isBehind && writer === this.#writer);
    return isOwn(b) - isOwn(a) || a.millis - b.millis || a.number - b.number;
  }

  add(file: HitsFile): void {
    this.#waiting.push(file);
    this.#sort();
  }

  putOwnBehind(isBehind: boolean): void {
    if (isBehind === this.#isBehind) return;
    this.#isBehind = isBehind;
    this.#sort();
  }

  #sort(): void {
    this.#waiting.sort((a, b) => this.#compare(a, b));
  }

  /** Returns the next file to claim. */
  next(): HitsFile | undefined {
    const { part } = this;
    const [first] = this.#waiting;
    if (!part || (first && this.#compare(part, first) >= 0)) return this.#waiting.shift();
    this.part = undefined;
    return part;
  }

  /** Returns the name of a new file. */
  begin(millis: number): HitsFile {
    this.#number += 1;
    this.oldestMillis = Math.min(this.oldestMillis, millis);
    const place = { millis, writer: this.#writer, number: this.#number };
    const { hasToken: needsToken } = this.#options;
    return { ...place, needsToken, hits: 0, bytes: 0, state: 'part', sinceMillis: 0 };
  }

  /** Renames the file to which this process appends, so that any process may claim it. */
  *finish(): Steps<void> {
    const part = this.part;
    if (!part) return;
    this.part = undefined;
    try {
      yield ['sync', nameOf(part)];
    } catch (error) {
      if (isMissing(error)) return; // another process has claimed the hits
      throw error;
    }
    const file = { ...part, state: 'hits' as const };
    if (yield* rename(part, file)) this.add(file);
  }
}
