import {
  type CounterName,
  counterEntries,
  createDeliveryCounters,
  type DeliveryCounters,
  type LossReason,
  sumOfCounters,
} from '../../queue/counters.js';

/** Changes to this process' hits according to Redis. */
interface AccountNews {
  readonly counts: DeliveryCounters;
  /** Hits of other processes that this one now counts; negative if other processes count hits of this one. */
  readonly takenOver: number;
}

/**
 * The account of this process in Redis: `stored + takenOver = open + results`. A restarted Redis may lack the last second, or
 * everything. Then counted results stay counted, and hits that are open again are taken over. Hits that Redis no longer has are
 * missing until their sender reports a result, or until they are lost.
 */
export class RedisAccount {
  /** When Redis first heard of this process. Another time means that Redis has lost everything before. */
  #born: number | undefined;
  #stored = 0;
  #open = 0;
  #missing = 0;
  #known = new Map<CounterName, number>();

  /** Hits without a result. */
  get open(): number {
    return this.#open + this.#missing;
  }

  /** The part of `open` that is no longer in Redis. */
  get missing(): number {
    return this.#missing;
  }

  /** Reads the hash of this process. `added`: hits stored since the last time. */
  learn(fields: ReadonlyMap<string, number>, added: number): AccountNews {
    const born = fields.get('first_seen');
    const stored = fields.get('stored') ?? 0;
    const before = this.open + added;
    if (born !== this.#born) this.#restart(born);
    const counts = createDeliveryCounters();
    let decided = 0;
    const known = new Map<CounterName, number>();
    for (const counter of COUNTER_NAMES) {
      const reported = fields.get(counter) ?? 0;
      known.set(counter, reported);
      decided += reported;
      const news = reported - (this.#known.get(counter) ?? 0);
      if (news > 0) addToCounter(counts, counter, news);
    }
    this.#missing = Math.min(Math.max(this.#missing + this.#stored + added - stored, 0), before);
    this.#stored = stored;
    this.#known = known;
    this.#open = Math.max(stored + (fields.get('taken_over') ?? 0) - decided, 0);
    return { counts, takenOver: this.open + sumOfCounters(counts) - before };
  }

  /** Returns how many hits are missing, and no longer includes them. The caller counts them as lost. */
  giveUpMissing(): number {
    const missing = this.#missing;
    this.#missing = 0;
    return missing;
  }

  #restart(born: number | undefined): void {
    this.#born = born;
    this.#missing += this.#open;
    this.#stored = 0;
    this.#known.clear();
  }
}

const COUNTER_NAMES = counterEntries(createDeliveryCounters()).map(([counter]) => counter);

function addToCounter(counts: DeliveryCounters, counter: CounterName, hits: number): void {
  if (counter in counts.lost) counts.lost[counter as LossReason] += hits;
  else counts[counter as Exclude<CounterName, LossReason>] += hits;
}

/** Parses a hash in Redis' reply: names and values alternate. Skips values that are not numbers. */
export function toFields(reply: unknown): ReadonlyMap<string, number> {
  const fields = new Map<string, number>();
  const items = reply as readonly string[];
  for (let i = 0; i + 1 < items.length; i += 2) {
    const value = Number(items[i + 1]);
    if (Number.isSafeInteger(value)) fields.set(items[i] as string, value);
  }
  return fields;
}
