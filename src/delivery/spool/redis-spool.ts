import type { Hit } from '../../hit/hit.js';
import { bytesOf } from '../bulk.js';
import { addResults, type Results } from '../delivery-counts.js';
import type { Claim, Spool } from '../store.js';
import {
  type EntryReply,
  RedisClaim,
  type RedisClaimOwner,
  readEntry,
  toText,
} from './redis-claim.js';
import { RedisLink } from './redis-link.js';
import { CLAIM, END, RECOVER, STORE, TOUCH } from './redis-scripts.js';
import { hasSuspects, streamOf, streamsUpTo } from './redis-streams.js';
import type { SpoolOptions } from './spool-options.js';

/** The usual `maxExportBatchSize`. */
const ENTRY_HITS = 100;
/** What a hit takes in a stream besides its query. The size is measured often. */
const ENTRY_BYTES = 100;

/** Hits that were found unconfirmed and expired, a stream, and entries of it. */
type ClaimReply = readonly [
  unconfirmed: number,
  expired: number,
  stream: string,
  entries: readonly EntryReply[],
];

/** Opens a spool in Redis, which need not be available yet. Resolves after the first attempt to connect. */
export async function openRedis(options: SpoolOptions): Promise<Spool> {
  const link = new RedisLink(options);
  await link.start();
  return new RedisSpool(options, link);
}

/** Hits in streams of Redis. */
class RedisSpool implements Spool, RedisClaimOwner {
  readonly #options: SpoolOptions;
  readonly #link: RedisLink;
  /** Hits of the open claim. */
  #claimed = 0;
  /** The last claim found nothing. */
  #isDrained = true;

  constructor(options: SpoolOptions, link: RedisLink) {
    this.#options = options;
    this.#link = link;
  }

  /** A full one is used until there is nothing to claim: that makes room. */
  get isUsable(): boolean {
    return this.#link.isReady && !(this.#link.isFull && this.#isDrained);
  }

  get count(): number {
    return this.#claimed + this.#link.repeatedHits;
  }

  get hits(): number {
    return Math.max(0, this.#link.waiting.hits - this.#claimed);
  }

  get suspects(): number {
    return Math.max(0, this.#link.waiting.suspects); // what was measured may have counted a claim already
  }

  get oldestSeconds(): number {
    return this.#link.waiting.oldestSeconds;
  }

  get room(): number {
    return Math.max(0, this.#options.maxBytes - this.#link.waiting.bytes);
  }

  async store(hits: readonly Hit[]): Promise<number> {
    const link = this.#link;
    const fitting = this.#fitting(hits);
    if (fitting.length < hits.length) link.fill(new Error('maxSpoolBytes is reached'));
    const { length } = fitting;
    if (length === 0 || !link.isReady || link.repeatedHits > 0) return 0;
    const { hasToken, limits } = this.#options;
    const entries = toEntries(fitting, limits.maxBodyBytes);
    const args = [streamOf(0, hasToken), String(length), ...entries];
    const run = { script: STORE, number: link.next(), args };
    const { kind } = await link.run(run);
    const apply = () => {
      this.#options.counts.stored += length;
      link.waiting.hits += length;
      link.waiting.bytes += sizeOf(fitting);
      this.#isDrained = false;
    };
    if (kind === 'replied') apply();
    if (kind === 'unknown') link.repeat({ ...run, hits: length, apply });
    return kind === 'refused' ? 0 : length;
  }

  async claim(most: number, maxFailures: number): Promise<Claim | undefined> {
    while (this.#link.isReady) {
      const number = this.#link.next();
      const found = await this.#findHits(number, most, maxFailures);
      if (!found) return undefined;
      const [unconfirmed, expired, stream, entries] = found;
      this.#countFound(unconfirmed, expired);
      this.#isDrained = entries.length === 0;
      if (entries.length > 0) {
        const claim = new RedisClaim(this, number, stream, entries.map(readEntry));
        this.#countClaimed(claim);
        if (claim.hits.length > 0) return claim;
        await claim.done({}); // all damaged
      } else if (unconfirmed + expired === 0) return undefined;
    }
    return undefined;
  }

  async #findHits(
    number: number,
    most: number,
    maxFailures: number,
  ): Promise<ClaimReply | undefined> {
    const options = this.#options;
    const { limits, hasToken } = options;
    const deadMillis = options.exportTimeoutMillis + limits.deadMillis;
    const numbers = [most, limits.maxBodyBytes, deadMillis, options.maxAgeMillis];
    const streams = streamsUpTo(maxFailures, hasToken, this.#link.waiting.isTokenFirst);
    const args = [...numbers, Number(options.resendUnconfirmed)].map(String);
    for (const stream of streams) args.push(stream, hasSuspects(stream) ? '1' : '0');
    const outcome = await this.#link.run({ script: CLAIM, number, args });
    if (outcome.kind === 'replied') return outcome.reply as ClaimReply;
    if (outcome.kind === 'unknown') {
      const apply = (reply: unknown) => this.#countFound(...(reply as [number, number]));
      this.#link.repeat({ script: RECOVER, number, args: [], hits: 0, apply });
    }
    return undefined;
  }

  async touch(stream: string, ids: readonly string[]): Promise<void> {
    await this.#link.run({ script: TOUCH, number: 0, args: [stream, ids.join(' ')] });
  }

  async end(claim: RedisClaim, args: readonly string[], results: Results): Promise<boolean> {
    const { counts } = this.#options;
    const { hits, givenBack, suspects } = claim;
    const run = { script: END, number: claim.number, args };
    const outcome = await this.#link.run(run);
    this.#claimed -= hits.length;
    if (outcome.kind === 'replied' && outcome.reply === 0) {
      counts.stored += hits.length;
      return false;
    }
    addResults(counts, results);
    const apply = () => {
      counts.stored += givenBack;
      this.#link.waiting.hits -= hits.length - givenBack;
      this.#link.waiting.suspects += suspects;
      this.#isDrained &&= givenBack === 0;
    };
    if (outcome.kind === 'replied') apply();
    else this.#link.repeat({ ...run, hits: givenBack, apply });
    return true;
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  /** The first ones, for which there is room. */
  #fitting(hits: readonly Hit[]): readonly Hit[] {
    let { room } = this;
    const end = hits.findIndex((hit) => {
      room -= bytesOf(hit) + ENTRY_BYTES;
      return room < 0;
    });
    return end < 0 ? hits : hits.slice(0, end);
  }

  #countClaimed({ hits, failures, damagedLines }: RedisClaim): void {
    const { counts } = this.#options;
    this.#claimed += hits.length;
    counts.claimed += hits.length + damagedLines;
    if (failures > 1) this.#link.waiting.suspects -= 1;
    if (damagedLines === 0) return;
    counts.lost.spool += damagedLines;
    this.#link.log.addDamaged('Streams', damagedLines);
  }

  /** Hits that dead processes were sending, and old ones. */
  #countFound(unconfirmed: number, expired: number): void {
    const { counts } = this.#options;
    counts.claimed += unconfirmed + expired;
    addResults(counts, { unconfirmed, expired });
    if (unconfirmed > 0) this.#link.log.addUnconfirmed(unconfirmed);
    if (expired > 0) this.#link.log.addExpired(expired);
  }
}

/** Lines of hits, for entries that are no longer than a bulk usually is. */
function toEntries(hits: readonly Hit[], maxBytes: number): string[] {
  const entries: string[] = [];
  let [start, bytes] = [0, 0];
  for (const [i, hit] of hits.entries()) {
    bytes += bytesOf(hit);
    if (i > start && (i - start === ENTRY_HITS || bytes > maxBytes)) {
      entries.push(toText(hits.slice(start, i)));
      [start, bytes] = [i, bytesOf(hit)];
    }
  }
  return [...entries, toText(hits.slice(start))];
}

function sizeOf(hits: readonly Hit[]): number {
  return hits.reduce((sum, hit) => sum + bytesOf(hit) + ENTRY_BYTES, 0);
}
