import type { Hit } from '../../hit/hit.js';
import type { Results } from '../delivery-counts.js';
import type { Claim } from '../store.js';
import { readLine, toLines } from './hit-line.js';
import { streamOf } from './redis-streams.js';

/** Hits of an entry of a stream. */
interface Entry {
  readonly id: string;
  /** When they were stored first, in epoch milliseconds. */
  readonly since: number;
  readonly failures: number;
  /** How many lines have a result when these have one; 0 if all. */
  readonly doneLines: number;
  readonly hits: readonly Hit[];
  readonly damagedLines: number;
}

export type EntryReply = readonly [
  id: string,
  since: number,
  failures: number,
  doneLines: number,
  lines: string,
];

export function readEntry([id, since, failures, doneLines, text]: EntryReply): Entry {
  const lines = text.split('\n');
  const read = lines.map((line) => readLine(Buffer.from(line, 'latin1')));
  const hits = read.filter((hit) => hit !== undefined);
  return { id, since, failures, doneLines, hits, damagedLines: lines.length - hits.length };
}

/** The lines of hits, without a line feed at the end. */
export function toText(hits: readonly Hit[]): string {
  return Buffer.concat(toLines(hits)).toString('latin1').slice(0, -1);
}

/** What a claim needs of its spool. */
export interface RedisClaimOwner {
  touch(stream: string, ids: readonly string[]): Promise<void>;
  /** `args`: of the script END. */
  end(claim: RedisClaim, args: readonly string[], results: Results): Promise<boolean>;
}

/** Hits that were given back, and how often they have failed now. */
interface GivenBack {
  readonly hits: readonly Hit[];
  readonly failures: number;
}

/** What is given back is written when the claim ends, in one step with the removal of what has a result. */
export class RedisClaim implements Claim {
  readonly hits: readonly Hit[];
  readonly failures: number;
  readonly damagedLines: number;
  /** Of the run that has claimed it. */
  readonly number: number;
  readonly #owner: RedisClaimOwner;
  readonly #stream: string;
  readonly #entries: readonly Entry[];
  readonly #givenBack: GivenBack[] = [];

  constructor(owner: RedisClaimOwner, number: number, stream: string, entries: readonly Entry[]) {
    this.#owner = owner;
    this.number = number;
    this.#stream = stream;
    this.#entries = entries;
    this.hits = entries.flatMap(({ hits }) => hits);
    this.failures = Math.max(...entries.map(({ failures }) => failures));
    this.damagedLines = entries.reduce((sum, { damagedLines }) => sum + damagedLines, 0);
  }

  /** How many hits have no result. */
  get givenBack(): number {
    return this.#givenBack.reduce((sum, { hits }) => sum + hits.length, 0);
  }

  /** How many bulks that failed more than once can be claimed again. */
  get suspects(): number {
    return this.#givenBack.filter(({ failures }) => failures > 1).length;
  }

  async giveBack(hits: readonly Hit[], failures: number): Promise<void> {
    if (hits.length > 0) this.#givenBack.push({ hits, failures });
  }

  touch(): Promise<void> {
    const ids = this.#entries.map(({ id }) => id);
    return this.#owner.touch(this.#stream, ids);
  }

  done(results: Results): Promise<boolean> {
    const unchanged = new Set<Hit>();
    const moved: GivenBack[] = [];
    for (const back of this.#givenBack) {
      // Of two suspects, none is always the first.
      if (back.failures > Math.min(1, this.failures)) moved.push(back);
      else for (const hit of back.hits) unchanged.add(hit);
    }
    const ended: string[] = [];
    const released: string[] = [];
    for (const { id, hits, damagedLines, doneLines } of this.#entries) {
      const left = hits.filter((hit) => unchanged.has(hit));
      if (left.length > 0 && left.length === hits.length && damagedLines === 0) {
        released.push(`${id}:0`);
        continue;
      }
      if (left.length > 0) moved.push({ hits: left, failures: this.failures });
      if (doneLines > 0) released.push(`${id}:${doneLines}`);
      else ended.push(id);
    }
    const needsToken = this.#stream.endsWith(':token');
    const since = String(this.#entries[0]?.since);
    const gone = this.hits.length + this.damagedLines - this.givenBack;
    const args = [this.#stream, String(gone), ended.join(' '), released.join(' ')];
    for (const { hits, failures } of moved)
      args.push(streamOf(failures, needsToken), String(failures), since, toText(hits));
    return this.#owner.end(this, args, results);
  }
}
