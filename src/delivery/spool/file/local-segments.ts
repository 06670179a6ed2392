import {
  addCounters,
  createDeliveryCounters,
  type DeliveryCounters,
  type LossReason,
  lostHits,
  sumOfCounters,
} from '../../counters.js';
import type { SpoolReports } from '../spool-reports.js';
import { readAcknowledgment } from './acknowledgment.js';
import { listFolder } from './is-missing.js';
import { unlinkAcknowledgments } from './sweep.js';

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

  /** From now on `count` is called with what became of hits. */
  start(count: (counts: DeliveryCounters) => void): void {
    this.#count = count;
  }

  /** Hits whose fate is not known. */
  get open(): number {
    return this.#open;
  }

  add(name: string, hits: number): void {
    const segment = this.#segment(name);
    segment.written += hits;
    this.#open += hits;
    this.#learn(name, segment.said);
  }

  /** Takes over what the sender says of a segment, all in all, which may be another process's. */
  learn(name: string, said: DeliveryCounters): void {
    if (name.startsWith(this.#instance)) this.#learn(name, said);
  }

  #learn(name: string, said: DeliveryCounters): void {
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

  /** A segment is no more: what the sender has not found in it is lost. */
  finish(name: string): void {
    const segment = this.#segments.get(name);
    if (!segment) return;
    this.#segments.delete(name);
    const lost = segment.written - sumOfCounters(segment.counted);
    this.#open -= lost;
    this.#count(lostHits('spool', lost));
    if (lost > 0) this.#reports.lost(lost, `they are no longer in ${name}`);
  }

  /** Reads what a sender that is another process has decided; not of segments that are in hand here. */
  async readAcknowledgments(isInHand: (segment: string) => boolean = () => false): Promise<void> {
    const own = [...this.#segments.keys()].filter((name) => !isInHand(name));
    if (own.length === 0) return;
    const before = await listFolder(this.#folder);
    // The sender says why, then deletes: if a segment has gone, why is there by now.
    const isComplete = own.every((name) => before.includes(name));
    const names = isComplete ? before : await listFolder(this.#folder);
    for (const name of own) {
      try {
        const acknowledgment = await readAcknowledgment(this.#folder, name, names);
        if (acknowledgment) this.#learn(name, acknowledgment.counts);
        if (!acknowledgment?.isFinished && (before.includes(name) || acknowledgment)) continue;
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
