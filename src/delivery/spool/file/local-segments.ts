import {
  addCounters,
  createDeliveryCounters,
  type DeliveryCounters,
  type LossReason,
  lostHits,
  sumOfCounters,
} from '../../counters.js';

interface OwnSegment {
  /** Hits that were written. */
  written: number;
  /** What has been counted of them. */
  counted: DeliveryCounters;
  /** What was said last. It may be ahead: the sender finds hits before their writer knows that they are on disk. */
  said: DeliveryCounters;
}

/** The hits that this process has written, and what the sender has said about them so far. */
export class LocalSegments {
  readonly #segments = new Map<string, OwnSegment>();
  readonly #count: (counts: DeliveryCounters) => void;
  #open = 0;

  constructor(count: (counts: DeliveryCounters) => void) {
    this.#count = count;
  }

  /** Hits whose fate is not known. */
  get open(): number {
    return this.#open;
  }

  get names(): string[] {
    return [...this.#segments.keys()];
  }

  add(name: string, hits: number): void {
    const segment = this.#segment(name);
    segment.written += hits;
    this.#open += hits;
    this.learn(name, segment.said);
  }

  /** Takes over what the sender says of a segment, all in all. */
  learn(name: string, said: DeliveryCounters): void {
    const segment = this.#segment(name);
    // A lost acknowledgment counts less than before: keep what was counted.
    if (sumOfCounters(said) < sumOfCounters(segment.said)) return;
    segment.said = createDeliveryCounters();
    addCounters(segment.said, said);
    if (sumOfCounters(said) > segment.written) return;
    const news = difference(segment.said, segment.counted);
    segment.counted = segment.said;
    this.#open -= sumOfCounters(news);
    this.#count(news);
  }

  /** The segment is no more: what the sender has not found in it is lost. Returns how many hits those are. */
  finish(name: string): number {
    const segment = this.#segments.get(name);
    if (!segment) return 0;
    this.#segments.delete(name);
    const lost = segment.written - sumOfCounters(segment.counted);
    this.#open -= lost;
    this.#count(lostHits('spool', lost));
    return lost;
  }

  #segment(name: string): OwnSegment {
    const nothing = createDeliveryCounters();
    const segment = this.#segments.get(name) ?? { written: 0, counted: nothing, said: nothing };
    this.#segments.set(name, segment);
    return segment;
  }
}

function difference(all: DeliveryCounters, known: DeliveryCounters): DeliveryCounters {
  const lost = { ...all.lost };
  for (const reason of Object.keys(lost) as LossReason[]) lost[reason] -= known.lost[reason];
  return {
    tracked: all.tracked - known.tracked,
    accepted: all.accepted - known.accepted,
    invalid: all.invalid - known.invalid,
    lost,
  };
}
