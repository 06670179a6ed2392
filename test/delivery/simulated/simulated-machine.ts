import type { Volume } from 'memfs';
import { vi } from 'vitest';
import type { Exchange, Transport } from '../../../src/delivery/http/transport.js';
import { createRandom } from '../../support/create-random.js';
import { nameOf } from '../../support/named-hits.js';
import { noAnswer } from '../../support/scripted-transport.js';
import { restartClocks } from './clock-steps.js';
import { SimulatedDisk, useDisk, useProcesses } from './simulated-disk.js';
import { type Fault, SimulatedMatomo } from './simulated-matomo.js';
import { type ProcessSizes, SimulatedProcess } from './simulated-process.js';

/** A sender waits up to an hour if Matomo asks for it; what it then sends may take some back-offs more. */
const LONGEST_RECOVERY_MILLIS = 2 * 3_600_000;
/** A recovery is looked at often at first: most take a few seconds. */
const SOON_MILLIS = 10_000;

/** The number of a hit tells its visitor. */
export const VISITORS = 3;

/** No process of a real machine has such a number. */
const FIRST_PID = 5_000_000;

/** What Matomo does to a bulk of which then nobody knows what was stored. */
const MAY_LOSE: readonly Fault[] = ['gateway time-out', 'some lost inside'];

/** What a process is told of a bulk for whose answer it has no more time. */
const CUT_OFF: Exchange = { ...noAnswer };

export interface MachineOptions extends ProcessSizes {
  readonly seed: number;
  readonly slowestMillis: number;
  readonly mostInABulk: number;
  /** Processes are in containers of their own: none can be asked whether it lives. */
  readonly isContained: boolean;
}

/** Processes that come and go on one disk, their Matomo, and what is to be known of all their hits. */
export class SimulatedMachine {
  readonly matomo: SimulatedMatomo;
  readonly disk: SimulatedDisk;
  readonly processes: SimulatedProcess[] = [];
  /** Hits of which Matomo may have kept none, and what sent them knows that. */
  readonly mayBeMissing = new Set<string>();
  /** How often a hit may be stored beyond the first time. */
  readonly mayBeDoubled = new Map<string, number>();
  /** Hits that were on the disk at some time, and were not cut off because their write failed. */
  readonly written = new Set<string>();
  /** Hits that Matomo stored before they were on the disk: the disk hung, they left from memory, and no answer confirmed them. */
  readonly storedBeforeWritten = new Set<string>();
  /** Hits whose end may be known to nobody who lives. */
  unsure = 0;
  /** Hits whose answer their sender had no more time for at its shutdown. It counts them as unconfirmed. */
  cutOff = 0;
  /** Whether the disk has had a fault. */
  hasFailed = false;
  /** From 0 to 1, each time another. */
  readonly random: () => number;
  readonly #options: MachineOptions;
  #made = 0;

  /** The only one from now on. */
  constructor(options: MachineOptions) {
    restartClocks();
    this.#options = options;
    this.random = createRandom(options.seed);
    this.matomo = new SimulatedMatomo(options.mostInABulk);
    this.disk = new SimulatedDisk({
      random: this.random,
      slowestMillis: options.slowestMillis,
      onWritten: (path, bytes) => this.#onWritten(path, bytes),
      onCut: (path, bytes) => {
        for (const name of namesIn(path, bytes)) this.written.delete(name);
      },
      onRenamed: (from, to, user) => this.#onRenamed(from, to, user as SimulatedProcess),
    });
    this.disk.volume.mkdirSync('/spool');
    useDisk(this.disk);
    useProcesses((pid) => this.#living(pid)?.identity.started);
  }

  /** Hits that a bulk may have. */
  get largestBulk(): number {
    return this.#options.maxExportBatchSize;
  }

  get alive(): SimulatedProcess[] {
    return this.processes.filter(({ isDead }) => !isDead);
  }

  /** A new process; it may have the number of one that has ended. */
  start(): SimulatedProcess {
    const number = this.processes.length + 1;
    let pid = FIRST_PID;
    while (this.#living(pid)) pid += 1;
    const place = this.#options.isContained ? `container ${number}` : 'here';
    const process = new SimulatedProcess(
      number,
      { pid, thread: 0, place, started: String(number) },
      this.disk,
      this.#options,
      createWayToMatomo(this, number),
      (ended) => this.#onEnd(ended),
    );
    this.processes.push(process);
    return process;
  }

  /** A request of a process ends, with a hit that is called so, and a number. */
  hit(process: SimulatedProcess, name = 'hit'): void {
    this.#made += 1;
    process.push(`${name}-${this.#made}`, String(this.#made % VISITORS));
  }

  /** A request of a process ends, with a page view and further hits of one visitor, which is the number by three. */
  request(process: SimulatedProcess, further: readonly string[]): void {
    const [first = '', ...others] = this.#namesOf(['hit', ...further]);
    process.pushAll([first, ...others], String(this.#made % VISITORS));
  }

  /** A request of a process begins, with further hits. */
  begin(process: SimulatedProcess, further: readonly string[]): void {
    process.begin(this.#namesOf(further), String(this.#made % VISITORS));
  }

  /** A request that has begun so ends. */
  end(process: SimulatedProcess): void {
    this.#made += 1;
    process.endRequest(`hit.late-${this.#made}`);
  }

  /** Names of hits of one visitor. */
  #namesOf(kinds: readonly string[]): string[] {
    this.#made += 1;
    return kinds.map((kind, i) => {
      if (i > 0) this.#made += VISITORS;
      return `${kind}-${this.#made}`;
    });
  }

  /** The disk takes so many bytes more. */
  fill(room: number): void {
    this.hasFailed = true;
    this.disk.room = room;
  }

  /** Operations of the disk fail. */
  fail(fails: (operation: number) => boolean): void {
    this.hasFailed = true;
    this.disk.fails = fails;
  }

  /** Operations of the disk that begin from now on end when it is repaired. */
  stall(): void {
    this.hasFailed = true;
    this.disk.stall();
  }

  repairDisk(): void {
    this.disk.goOn();
    this.disk.room = Number.POSITIVE_INFINITY;
    this.disk.fails = () => false;
    this.disk.isUnreadable = () => false;
  }

  /**
   * Nothing fails any more, not even a hit that cannot be distinguished from a database that is down or from an invalid token. One
   * process is left, gets all the time that it needs, and ends.
   */
  async recover(): Promise<void> {
    this.matomo.fault = 'none';
    this.matomo.takesAll = true;
    this.repairDisk();
    const last = this.alive.find(({ isClosing }) => !isClosing) ?? this.start();
    for (const process of this.alive) {
      process.operationsLeft = Number.POSITIVE_INFINITY;
      if (process !== last) process.shutDown();
    }
    const begun = performance.now();
    for (let elapsed = 0; elapsed < LONGEST_RECOVERY_MILLIS; elapsed = performance.now() - begun) {
      await this.wait(elapsed < SOON_MILLIS ? 500 : 10_000);
      const hasOthers = this.#journalsIn('/spool').some((name) => !last.instances.includes(name));
      const isDone = last.account.pending === 0 && !hasOthers;
      if (isDone && this.alive.length === 1 && last.awake === undefined) break;
    }
    last.shutDown();
    await this.wait(2000);
  }

  /** Lets time pass, and everything that is due happen; whatever happens, all hits are accounted for. */
  async wait(millis: number): Promise<void> {
    let isOver = false;
    setTimeout(() => {
      isOver = true;
    }, millis);
    await settled();
    while (!isOver) {
      vi.advanceTimersToNextTimer();
      await settled();
      this.#check();
    }
  }

  /** What is in the spool. */
  files(): string[] {
    return this.disk.volume.readdirSync('/spool') as string[];
  }

  /** Journals in a folder, and those inside of them. Hits of one that was just taken over are not counted yet. */
  #journalsIn(folder: string): string[] {
    const names = this.disk.volume.readdirSync(folder) as string[];
    const journals = names.filter((name) =>
      this.disk.volume.statSync(`${folder}/${name}`).isDirectory(),
    );
    return journals.flatMap((name) => [name, ...this.#journalsIn(`${folder}/${name}`)]);
  }

  #living(pid: number): SimulatedProcess | undefined {
    return this.alive.find(({ identity }) => identity.pid === pid);
  }

  #onWritten(path: string, bytes: Buffer): void {
    for (const name of namesIn(path, bytes)) {
      this.written.add(name);
      if (this.matomo.stored.has(name)) this.storedBeforeWritten.add(name);
      if (this.processes.some((process) => this.#mayHaveGivenUp(process, name))) {
        this.mayBeDoubled.set(name, (this.mayBeDoubled.get(name) ?? 0) + 1);
        this.unsure += 1;
      }
    }
  }

  /** A process that ends sends or stores hits again if their write has hung for too long, and the write may still end. */
  #mayHaveGivenUp({ isClosing, hasHung, storing }: SimulatedProcess, name: string): boolean {
    return isClosing && (hasHung || this.hasFailed) && storing.includes(name);
  }

  /**
   * A journal is taken over: who does that does not know what of it was sent and not marked as decided. Hits that are being stored stay
   * in the memory of a process that stands still meanwhile.
   */
  #onRenamed(_: string, to: string, user: SimulatedProcess): void {
    const instance = to.split('/').at(-1) ?? '';
    const before = this.processes.find(({ instances }) => instances.includes(instance));
    if (!before || before === user) return;
    const open = unsettledHits(this.disk.volume, to);
    const storing = before.isDead ? [] : before.storing;
    for (const name of new Set([...before.sent, ...storing])) {
      if (!open.has(name)) continue;
      this.mayBeDoubled.set(name, (this.mayBeDoubled.get(name) ?? 0) + 1);
      this.unsure += 1;
    }
  }

  /** What others have decided for a process may not have reached it, nor what it had written the disk. */
  #onEnd(ended: SimulatedProcess): void {
    const isWell = !ended.wasKilled && !ended.hasHung && !this.hasFailed;
    if (!isWell || this.alive.length > 0) this.unsure += ended.account.pending;
  }

  #check(): void {
    for (const process of this.processes) {
      if (process.isLawful) continue;
      throw new Error(`hits are unaccounted for: ${JSON.stringify(process.account)}`);
    }
  }
}

/** The way of one process of a machine to its Matomo, which notes what passes. What it has sent arrives, also where it is killed then. */
function createWayToMatomo(machine: SimulatedMachine, number: number): Transport {
  const own = () => machine.processes[number - 1] as SimulatedProcess;
  let giveUp = (_: Exchange) => {};
  return {
    async send(body) {
      if (own().isDead) return new Promise(() => undefined);
      const { requests } = JSON.parse(body.toString('latin1')) as { requests: string[] };
      const names = requests.map(nameOf);
      for (const name of names) own().sent.add(name);
      own().pace.beforeSend(names);
      own().inFlight = names.every((name) => machine.written.has(name)) ? names.length : 0;
      const given = new Promise<Exchange>((resolve) => {
        giveUp = resolve;
      });
      const exchange = await Promise.race([machine.matomo.sendFrom(number, body), given]);
      const mayHaveLost = exchange.kind === 'no_answer' || MAY_LOSE.includes(machine.matomo.fault);
      await own().awake;
      if (own().isDead) return new Promise(() => undefined);
      own().inFlight = 0;
      own().pace.afterAnswer(names, exchange);
      if (exchange === CUT_OFF) machine.cutOff += names.length;
      if (mayHaveLost) for (const name of names) machine.mayBeMissing.add(name);
      return exchange;
    },
    close: async () => giveUp(CUT_OFF),
  };
}

/** Hits whose whole lines are in a part of a file. */
function namesIn(path: string, bytes: Buffer): string[] {
  if (!path.endsWith('.hits')) return [];
  return [...bytes.toString('latin1').matchAll(/\?h=([^\s&]+)\S*\n/g)].map(([, name = '']) => name);
}

/** Names of the hits in a journal, and in those inside of it, that are not marked as decided. */
function unsettledHits(volume: Volume, folder: string): Set<string> {
  const open = new Set<string>();
  for (const file of volume.readdirSync(folder) as string[]) {
    const path = `${folder}/${file}`;
    if (volume.statSync(path).isDirectory()) {
      for (const name of unsettledHits(volume, path)) open.add(name);
    }
    if (!file.endsWith('.hits')) continue;
    const ranges = [...readText(volume, path.replace(/hits$/, 'done')).matchAll(/^(\d+)-(\d+)$/gm)];
    const isDone = (position: number) =>
      ranges.some(([, from, to]) => Number(from) <= position && position < Number(to));
    let position = 0;
    for (const line of readText(volume, path).split('\n')) {
      const name = /\?h=([^\s&]+)\S*$/.exec(line)?.[1];
      if (name && !isDone(position)) open.add(name);
      position += line.length + 1;
    }
  }
  return open;
}

function readText(volume: Volume, path: string): string {
  return volume.existsSync(path) ? (volume.readFileSync(path, 'latin1') as string) : '';
}

/** When everything that needs no time has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
