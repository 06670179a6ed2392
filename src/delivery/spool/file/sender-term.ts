import { type DeliveryCounters, sumOfCounters } from '../../queue/counters.js';
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

/** Whether this process is the lease holder, and the hits that it then sends. */
export class SenderTerm {
  /** The hits to send; `undefined` if another process sends. */
  backlog: Backlog | undefined;
  /** Hits taken over from processes that have ended. */
  takenOver = 0;
  /** Hits taken over without a result. */
  takenOverOpen = 0;
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

  /** The current term as lease holder, another number for each term; 0 if another process sends. */
  get number(): number {
    return this.#number;
  }

  /** Calls `count` with results of hits taken over. */
  start(count: (counts: DeliveryCounters) => void): void {
    this.#count = count;
  }

  /** Keeps the lease, or acquires it if no process holds it. */
  async hold(): Promise<void> {
    if (await this.confirm()) await this.#lease.touch();
    else if (await this.#lease.acquire()) this.#begin();
  }

  /** Whether this process still holds the lease. If not, the new lease holder sends the hits that were read here. */
  async confirm(): Promise<boolean> {
    if (this.#number !== 0 && !(await this.#lease.confirm())) await this.stop();
    return this.#number !== 0;
  }

  /** Ends the term: another process is the lease holder, and takes over hits without a result. */
  async stop(): Promise<void> {
    if (this.#number === 0) return;
    const { backlog } = this;
    this.#end();
    this.takenOver -= this.takenOverOpen;
    this.takenOverOpen = 0;
    await backlog?.abandon();
  }

  /** Writes acknowledgments and ends the term. */
  async close(): Promise<void> {
    await this.backlog?.close();
    this.#end();
  }

  /** Releases the lease. */
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
      takeOver: (hits) => {
        this.takenOver += hits;
        this.takenOverOpen += hits;
        return this.#lease.touch();
      },
      takenOver: (hits, oldestSeconds) => reports.takenOver(hits, oldestSeconds),
      countTakenOver: (counts) => {
        this.takenOverOpen -= sumOfCounters(counts);
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
