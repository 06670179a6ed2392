import { type DeliveryCounters, sumOfCounters } from '../../counters.js';
import type { SpoolReports } from '../spool-reports.js';
import { Backlog } from './backlog.js';
import { Lease } from './lease.js';
import { LivenessMonitor, type ProcessIdentity } from './liveness.js';
import type { LocalHits } from './local-hits.js';

export interface SenderTermParts {
  readonly folder: string;
  readonly instance: string;
  readonly identity: ProcessIdentity;
  readonly reports: SpoolReports;
  readonly own: LocalHits;
}

/** Whether this process sends for all, and the hits that it has to send then. */
export class SenderTerm {
  /** The hits to be sent; `undefined` if another process sends. */
  backlog: Backlog | undefined;
  /** Hits taken over from processes that have ended. */
  adopted = 0;
  /** The part of them whose fate is open. */
  adoptedOpen = 0;
  readonly #parts: SenderTermParts;
  readonly #liveness: LivenessMonitor;
  readonly #lease: Lease;
  #number = 0;
  #terms = 0;
  #count: (counts: DeliveryCounters) => void = () => undefined;

  constructor(parts: SenderTermParts) {
    this.#parts = parts;
    this.#liveness = new LivenessMonitor(parts.identity);
    this.#lease = new Lease(parts.folder, parts.identity, this.#liveness);
  }

  /** Not 0: this process sends. Another number for each term. */
  get number(): number {
    return this.#number;
  }

  /** `count` is called with what became of adopted hits. */
  start(count: (counts: DeliveryCounters) => void): void {
    this.#count = count;
  }

  /** Keeps the lease, or takes it if nobody has it. */
  async hold(): Promise<void> {
    if (await this.confirm()) await this.#lease.touch();
    else if (await this.#lease.acquire()) this.#begin();
  }

  /** Whether this process still sends. If another has taken over, what was read here is its to decide. */
  async confirm(): Promise<boolean> {
    if (this.#number !== 0 && !(await this.#lease.confirm())) await this.stop();
    return this.#number !== 0;
  }

  /** Another process sends from now on, and adopts what is open. */
  async stop(): Promise<void> {
    if (this.#number === 0) return;
    const { backlog } = this;
    this.#end();
    this.adopted -= this.adoptedOpen;
    this.adoptedOpen = 0;
    await backlog?.abandon();
  }

  /** Writes down what has been decided; the term ends. */
  async close(): Promise<void> {
    await this.backlog?.close();
    this.#end();
  }

  /** Leaves the lease to others. */
  async release(): Promise<void> {
    await this.#lease.release();
  }

  #end(): void {
    this.backlog = undefined;
    this.#number = 0;
  }

  #begin(): void {
    const { folder, instance, reports, own } = this.#parts;
    this.#terms += 1;
    this.#number = this.#terms;
    this.backlog = new Backlog(folder, instance, this.#lease.number, this.#liveness, {
      adopt: (hits) => {
        this.adopted += hits;
        this.adoptedOpen += hits;
        return this.#lease.touch();
      },
      countAdopted: (counts) => {
        this.adoptedOpen -= sumOfCounters(counts);
        this.#count(counts);
      },
      stillSends: () => this.#lease.confirm(),
      learn: (segment, counts) => own.segments.learn(segment, counts),
      finish: (segment) => own.segments.finish(segment),
      unreadable: (segment, error) => reports.unreadableSegment(segment, error),
      lost: (hits, segment) => reports.lost(hits, `they are no longer in ${segment}`),
      broken: (segment) => reports.broken(segment),
      notWritten: (error) => own.reportFailure(error),
    });
  }
}
