import {
  addCounters,
  createDeliveryCounters,
  type DeliveryCounters,
  type LossReason,
  lostHits,
  sumOfCounters,
} from '../../queue/counters.js';
import type { SpoolReports } from '../spool-reports.js';
import { readAcknowledgment } from './acknowledgment.js';
import { listFolder } from './is-missing.js';
import { acknowledgmentsBySegment } from './segment-names.js';
import { unlinkAcknowledgments } from './sweep.js';

interface OwnSegment {
  /** Hits that were written. */
  written: number;
  /** Results that were counted. */
  counted: DeliveryCounters;
  /** The last results reported. They may be ahead: the sender may read hits before the writer knows that they are on disk. */
  reported: DeliveryCounters;
}

/** The hits that this process has written, and the results that the sender has reported so far. */
export class LocalSegments {
  readonly #segments = new Map<string, OwnSegment>();
  readonly #folder: string;
  readonly #instance: string;
  readonly #reports: SpoolReports;
  #count: (counts: DeliveryCounters) => void = () => undefined;
  #open = 0;

  constructor(folder: string, instance: string, reports: SpoolReports) {
    this.#folder = folder;
    this.#instance = instance;
    this.#reports = reports;
  }

  /** Calls `count` with results of hits from now on. */
  start(count: (counts: DeliveryCounters) => void): void {
    this.#count = count;
  }

  /** Hits without a result. */
  get open(): number {
    return this.#open;
  }

  add(name: string, hits: number): void {
    const segment = this.#segment(name);
    segment.written += hits;
    this.#open += hits;
    this.#learn(name, segment.reported);
  }

  /** Accepts all results so far for a segment, which may belong to another process. */
  learn(name: string, reported: DeliveryCounters): void {
    if (name.startsWith(this.#instance)) this.#learn(name, reported);
  }

  #learn(name: string, reported: DeliveryCounters): void {
    const segment = this.#segment(name);
    // If an acknowledgment was lost, there are fewer results than before: keep what was counted.
    if (sumOfCounters(reported) < sumOfCounters(segment.reported)) return;
    segment.reported = createDeliveryCounters();
    addCounters(segment.reported, reported);
    if (sumOfCounters(reported) > segment.written) return;
    const news = difference(segment.reported, segment.counted);
    segment.counted = segment.reported;
    this.#open -= sumOfCounters(news);
    this.#count(news);
  }

  /** The segment is deleted. Hits in it without a result are lost. */
  finish(name: string): void {
    const segment = this.#segments.get(name);
    if (!segment) return;
    this.#segments.delete(name);
    const lost = segment.written - sumOfCounters(segment.counted);
    this.#open -= lost;
    this.#count(lostHits('spool', lost));
    if (lost > 0) this.#reports.lost(lost, `they are no longer in ${name}`);
  }

  /** Reads the acknowledgments that another process wrote. `isInHand` excludes segments that this process sends. */
  async readAcknowledgments(isInHand: (segment: string) => boolean = () => false): Promise<void> {
    const own = [...this.#segments.keys()].filter((name) => !isInHand(name));
    if (own.length === 0) return;
    const before = await listFolder(this.#folder);
    // The sender first acknowledges, then deletes: if a segment is missing, its acknowledgment exists by now.
    const existing = new Set(before);
    const isComplete = own.every((name) => existing.has(name));
    const names = isComplete ? before : await listFolder(this.#folder);
    const acknowledgments = acknowledgmentsBySegment(names);
    for (const name of own) {
      try {
        const files = acknowledgments.get(name) ?? [];
        const acknowledgment = await readAcknowledgment(this.#folder, files);
        if (acknowledgment) this.#learn(name, acknowledgment.counts);
        if (!acknowledgment?.isFinished && (existing.has(name) || acknowledgment)) continue;
      } catch (error) {
        this.#reports.unreadable(error);
        continue;
      }
      this.finish(name);
      await unlinkAcknowledgments(this.#folder, name).catch(() => undefined);
    }
  }

  #segment(name: string): OwnSegment {
    const nothing = createDeliveryCounters();
    const segment = this.#segments.get(name) ?? { written: 0, counted: nothing, reported: nothing };
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
