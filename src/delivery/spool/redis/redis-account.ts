import {
  createDeliveryCounters,
  type DeliveryCounters,
  type LossReason,
  sumOfCounters,
} from '../../counters.js';
import { type Outcome, outcomesOf } from '../share-counts.js';

/** What an answer of Redis means for the hits of this process. */
export interface AccountNews {
  readonly counts: DeliveryCounters;
  /** Hits of others that this process answers for now; below 0: of its own, which others do answer for. */
  readonly adopted: number;
}

/**
 * The account of this process in Redis: `stored + adopted = open + what became of hits`. Redis may come back from its disk
 * without the last second of it, or with nothing. What was counted stays then, what is missing is lost, and hits that are
 * open once more are adopted.
 */
export class RedisAccount {
  #stored = 0;
  #open = 0;
  #known = new Map<Outcome, number>();

  /** Hits in Redis whose fate is not known. */
  get open(): number {
    return this.#open;
  }

  /** Takes over what the hash of this process says; `added` hits have been stored since the last time. */
  learn(fields: ReadonlyMap<string, number>, added: number): AccountNews {
    const stored = fields.get('stored') ?? 0;
    const before = this.#open + added;
    const counts = createDeliveryCounters();
    let decided = 0;
    const known = new Map<Outcome, number>();
    for (const outcome of OUTCOMES) {
      const said = fields.get(outcome) ?? 0;
      known.set(outcome, said);
      decided += said;
      const news = said - (this.#known.get(outcome) ?? 0);
      if (news > 0) countOutcome(counts, outcome, news);
    }
    counts.lost.spool += Math.min(Math.max(this.#stored + added - stored, 0), before);
    this.#stored = stored;
    this.#known = known;
    this.#open = Math.max(stored + (fields.get('adopted') ?? 0) - decided, 0);
    return { counts, adopted: this.#open + sumOfCounters(counts) - before };
  }
}

const OUTCOMES = outcomesOf(createDeliveryCounters()).map(([outcome]) => outcome);

function countOutcome(counts: DeliveryCounters, outcome: Outcome, hits: number): void {
  if (outcome in counts.lost) counts.lost[outcome as LossReason] += hits;
  else counts[outcome as Exclude<Outcome, LossReason>] += hits;
}

/** A hash as Redis answers with it: names and values in turn. Values that are no numbers are left out. */
export function toFields(reply: unknown): ReadonlyMap<string, number> {
  const fields = new Map<string, number>();
  const items = reply as readonly string[];
  for (let i = 0; i + 1 < items.length; i += 2) {
    const value = Number(items[i + 1]);
    if (Number.isSafeInteger(value)) fields.set(items[i] as string, value);
  }
  return fields;
}
