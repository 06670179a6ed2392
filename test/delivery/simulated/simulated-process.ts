import { Delivery } from '../../../src/delivery/delivery.js';
import type { Transport } from '../../../src/delivery/http/transport.js';
import type { DeliveryCounters } from '../../../src/delivery/queue/counters.js';
import { FileJournal } from '../../../src/delivery/spool/file/file-journal.js';
import type { ProcessIdentity } from '../../../src/delivery/spool/file/processes.js';
import type { JournalOpener } from '../../../src/delivery/spool/journal.js';
import { Spool } from '../../../src/delivery/spool/spool.js';
import { SpoolReports } from '../../../src/delivery/spool/spool-reports.js';
import { DEFAULT_OPTIONS } from '../../support/default-options.js';
import { sumOfCounters } from '../../support/delivery.js';
import { diagnosticsTo } from '../../support/diagnostics.js';
import { nameOf } from '../../support/named-hits.js';
import { Pace } from './pace.js';
import { type DiskUser, type SimulatedDisk, spoolOf } from './simulated-disk.js';
import { type SimulatedRequest, SimulatedRequests } from './simulated-requests.js';

/** Shorter than in use, so that histories are short. */
const TIMES = { beatMillis: 500, deadMillis: 3_000 };

export interface ProcessSizes {
  readonly hasToken: boolean;
  readonly maxExportBatchSize: number;
  readonly maxQueueSize: number;
  readonly maxSpoolBytes: number;
  /** @default 300 */
  readonly scheduledDelayMillis?: number;
}

/** What a process has to say of its hits. */
export interface Account {
  readonly hits: number;
  readonly takenOver: number;
  readonly pending: number;
  readonly counters: DeliveryCounters;
}

/** A process with a delivery and a spool, which may be killed. */
export class SimulatedProcess implements DiskUser {
  readonly root: string;
  readonly identity: ProcessIdentity;
  /** Its messages. */
  readonly logged: string[] = [];
  /** Its journals: another one after the first was lost. */
  readonly instances: string[] = [];
  isDead = false;
  wasKilled = false;
  /** Whether it has stood still at some time. */
  hasHung = false;
  awake: Promise<void> | undefined;
  operationsLeft = Number.POSITIVE_INFINITY;
  /** Names of the hits that it was given and has taken. */
  readonly hits: string[] = [];
  /** Names of the hits that it has sent, its own and others'. */
  readonly sent = new Set<string>();
  /** Names of the hits that it writes to its journal, and has in memory until it knows that this is still its own. */
  storing: readonly string[] = [];
  /** Names of the hits whose last write has failed: they stay in memory, also if they could not be cut off. */
  readonly notStored = new Set<string>();
  readonly pace = new Pace();
  /** Hits of the spool in its bulk that is under way. */
  inFlight = 0;
  readonly #delivery: Delivery;
  readonly #requests: SimulatedRequests;
  readonly #running: SimulatedRequest[] = [];
  readonly #onEnd: (process: SimulatedProcess) => void;
  #made = 0;
  #last: Account | undefined;
  isClosing = false;

  constructor(
    number: number,
    identity: ProcessIdentity,
    disk: SimulatedDisk,
    sizes: ProcessSizes,
    wayToMatomo: Transport,
    onEnd: (process: SimulatedProcess) => void,
  ) {
    this.root = `/${number}`;
    this.identity = identity;
    this.#onEnd = onEnd;
    disk.attach(this);
    const diagnostics = diagnosticsTo((message) => void this.logged.push(message));
    const folder = spoolOf(this);
    const maxBytes = sizes.maxSpoolBytes;
    const reports = new SpoolReports(folder, diagnostics);
    const { hasToken } = sizes;
    const journal = { folder, maxBytes, hasToken, identity, times: TIMES, reports };
    let isMade = true;
    const opener: JournalOpener = {
      open: async (onTakenOver) => {
        const random = String(number * 1000 + this.instances.length).padStart(8, '0');
        if (isMade) this.instances.push(`${Date.now()}-${identity.pid}-${random}`);
        const instance = this.instances.at(-1) as string;
        const made = FileJournal.create({ ...journal, onTakenOver }, instance);
        isMade = await made.then(
          () => true,
          () => false,
        );
        return made.then(
          (journal) => this.#watch(journal),
          () => undefined,
        );
      },
    };
    const spool = new Spool(Promise.resolve(opener), reports, { maxBytes, times: TIMES });
    const options = {
      ...DEFAULT_OPTIONS,
      scheduledDelayMillis: 300,
      ...sizes,
      tokenAuth: sizes.hasToken ? 't' : undefined,
    };
    this.#delivery = new Delivery(options, wayToMatomo, diagnostics, () => 0.5, spool);
    this.#requests = new SimulatedRequests(this.#delivery);
  }

  /** As it is, or as it was at its end. */
  get account(): Account {
    if (this.#last) return this.#last;
    const { takenOver, pending, counters } = this.#delivery;
    return { hits: this.#made, takenOver, pending, counters };
  }

  /** Whether every hit is either pending or counted. */
  get isLawful(): boolean {
    const { hits, takenOver, pending, counters } = this.account;
    return pending >= 0 && hits + takenOver === pending + sumOfCounters(counters);
  }

  push(name: string, visitor: string): void {
    this.pushAll([name], visitor);
  }

  /** A request with hits besides its page view, which ends at once. */
  pushAll([page, ...further]: readonly string[], visitor: string): void {
    this.begin(further, visitor);
    this.#end(this.#running.pop(), page);
  }

  /** A request begins, with hits besides its page view. */
  begin(further: readonly string[], visitor: string): void {
    const request = this.#requests.begin(visitor);
    for (const name of further) request.track(name);
    this.#running.push(request);
  }

  /** The request that has run for longest ends. */
  endRequest(page: string): void {
    this.#end(this.#running.shift(), page);
  }

  #end(request: SimulatedRequest | undefined, page?: string): void {
    if (!request) return;
    const before = this.#requests.waiting;
    const taken = request.end(page);
    this.#made += before - this.#requests.waiting + (page === undefined ? 0 : 1);
    this.hits.push(...taken);
  }

  flush(): void {
    this.pace.asked += 2; // from memory, and from the spool
    void this.#delivery.flush();
  }

  shutDown(): void {
    if (this.isClosing) return;
    this.isClosing = true;
    for (const request of this.#running.splice(0)) this.#end(request);
    this.pace.asked += 2;
    void this.#delivery.shutdown(1000).then(() => this.#close());
  }

  /** Stands still for so long, like a machine that sleeps. */
  hang(millis: number): void {
    this.hasHung = true;
    this.awake ??= new Promise((resolve) => {
      setTimeout(() => {
        this.awake = undefined;
        resolve();
      }, millis);
    });
  }

  /** Like `kill -9`. */
  die(): void {
    if (this.isDead) return;
    this.wasKilled = true;
    this.#close();
    void this.#delivery.shutdown(0); // ends its timers, and nothing else any more
  }

  #watch(journal: FileJournal): FileJournal {
    const append = journal.append.bind(journal);
    journal.append = async (lines, keeps) => {
      const names = lines.map(({ hit }) => nameOf(hit.query));
      this.storing = names;
      for (const name of names) this.notStored.delete(name);
      try {
        return await append(lines, keeps);
      } catch (error) {
        for (const name of names) this.notStored.add(name);
        throw error;
      } finally {
        this.storing = [];
      }
    };
    return journal;
  }

  #close(): void {
    if (this.isDead) return;
    this.#last = { ...this.account, counters: structuredClone(this.#delivery.counters) };
    this.isDead = true;
    this.#onEnd(this);
  }
}
