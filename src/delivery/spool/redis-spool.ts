import type { Hit } from '../../hit/hit.js';
import { bytesOf } from '../bulk.js';
import { addResults, type Results } from '../delivery-counts.js';
import { type Claim, INVALID, type PendingHits, type Spool } from '../store.js';
import { toLines } from './hit-line.js';
import { type ClaimReply, type Entries, readEntries, toEnd } from './redis-entries.js';
import { RedisLink } from './redis-link.js';
import { CLAIM, END, SEND, STORE } from './redis-scripts.js';
import { isOfSuspects, streamOf, streamsUpTo } from './redis-streams.js';
import type { SpoolOptions } from './spool-options.js';

/** What a hit takes in a stream besides its query. The size is measured often. */
const ENTRY_BYTES = 100;

/** Opens a spool in Redis, which need not be available yet. Resolves after the first attempt to connect. */
export async function openRedis(options: SpoolOptions): Promise<Spool> {
  const link = new RedisLink(options);
  await link.start();
  return new RedisSpool(options, link);
}

/** Hits in streams of Redis. */
class RedisSpool implements Spool {
  readonly #options: SpoolOptions;
  readonly #link: RedisLink;
  /** Hits of the open claim. */
  #claimed = 0;
  /** Calls of `store`: Redis carries each out once. */
  #stores = 0;
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
    return this.#claimed + this.#link.unconfirmedHits;
  }

  get hits(): number {
    return Math.max(0, this.#link.waiting.hits - this.#claimed);
  }

  get suspects(): number {
    return this.#link.waiting.suspects;
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
    if (length === 0 || !link.isReady || link.unconfirmedHits > 0) return 0;
    const stream = streamOf(0, this.#options.hasToken);
    const lines = toLines(fitting).toString('latin1');
    this.#stores += 1;
    const run = { script: STORE, args: [String(this.#stores), stream, lines] };
    const { kind } = await link.run(run);
    if (kind === 'refused') return 0;
    if (kind === 'unknown') link.repeat({ ...run, stores: length });
    else this.#options.counts.stored += length;
    link.waiting.hits += length;
    link.waiting.bytes += sizeOf(fitting);
    this.#isDrained = false;
    return length;
  }

  async claim(most: number, maxFailures: number): Promise<Claim | undefined> {
    while (this.#link.isReady) {
      const entries = await this.#findEntries(most, maxFailures);
      if (!entries) return undefined;
      const claim = this.#open(entries);
      if (claim.hits.length > 0 && (await this.#send(entries))) return claim;
      await claim.done({}, [claim]);
    }
    return undefined;
  }

  async #findEntries(most: number, maxFailures: number): Promise<Entries | undefined> {
    const { exportTimeoutMillis, hasToken, limits } = this.#options;
    const { waiting } = this.#link;
    const args = [String(exportTimeoutMillis + limits.deadMillis)];
    for (const stream of streamsUpTo(maxFailures, hasToken, waiting.isTokenFirst))
      args.push(stream, isOfSuspects(stream) ? '1' : String(most));
    const { kind, reply } = await this.#link.run({ script: CLAIM, args });
    if (kind !== 'replied') return undefined; // what it may have claimed is found again
    const found = reply as ClaimReply | readonly [];
    this.#isDrained = found.length === 0;
    if (found.length !== 0) return readEntries(found);
    if (maxFailures > 1) waiting.suspects = 0; // others have claimed those that were measured
    return undefined;
  }

  /** Resolves with whether hits may be sent: another process may have claimed them since. */
  async #send({ stream, deliveries, all }: Entries): Promise<boolean> {
    const ids = all.map(({ id }) => id);
    const run = { script: SEND, args: [stream, String(deliveries), ids.join(' ')] };
    const { kind, reply } = await this.#link.run(run);
    return kind === 'replied' && reply === 1;
  }

  /** Hits that dead processes were sending, and old ones, have a result at once. */
  #open(entries: Entries): Claim {
    const { maxAgeMillis, resendUnconfirmed } = this.#options;
    const oldest = Date.now() - maxAgeMillis;
    const hits: Hit[] = [];
    const results = { unconfirmed: 0, expired: 0, spool: 0 };
    for (const { wasSent, since, hit } of entries.all) {
      if (wasSent && !resendUnconfirmed) results.unconfirmed += 1;
      else if (since < oldest) results.expired += 1;
      else if (hit) hits.push(hit);
      else results.spool += 1;
    }
    const { length } = entries.all;
    this.#claimed += length;
    this.#options.counts.claimed += length;
    return {
      hits,
      failures: Math.max(...entries.all.map(({ failures }) => failures)),
      touch: async () => void (await this.#send(entries)),
      done: (others, back = []) => this.#end(entries, [results, others], back),
    };
  }

  /** What is given back is written in one step with the removal of what has a result. */
  async #end(
    entries: Entries,
    all: readonly Results[],
    back: readonly PendingHits[],
  ): Promise<boolean> {
    const { counts, log } = this.#options;
    const { waiting } = this.#link;
    const { length } = entries.all;
    const givenBack = new Map(
      back.flatMap(({ hits, failures }) => hits.map((hit) => [hit, failures] as const)),
    );
    const run = { script: END, args: toEnd(entries, givenBack) };
    const { kind, reply } = await this.#link.run(run);
    this.#claimed -= length;
    if (kind === 'replied' && reply === 0) {
      counts.stored += length;
      return false;
    }
    if (kind !== 'replied') this.#link.repeat({ ...run, stores: 0 });
    counts.stored += givenBack.size;
    for (const results of all) addResults(counts, results);
    const [{ unconfirmed = 0, expired = 0, spool = 0 } = {}] = all;
    if (unconfirmed > 0) log.addUnconfirmed(unconfirmed);
    if (expired > 0) log.addExpired(expired);
    if (spool > 0) log.addDamaged('Streams', spool);
    this.#isDrained &&= givenBack.size === 0;
    waiting.hits -= length - givenBack.size;
    for (const failures of givenBack.values())
      if (failures > 1 && failures < INVALID) waiting.suspects += 1;
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
}

function sizeOf(hits: readonly Hit[]): number {
  return hits.reduce((sum, hit) => sum + bytesOf(hit) + ENTRY_BYTES, 0);
}
