import { expect, onTestFinished, test, vi } from 'vitest';
import { createRandom } from '../../support/create-random.js';
import {
  type FileStep,
  type Files,
  type Folder,
  openFolderSpool,
  parseName,
} from '../doors/folder-store.js';
import { expectBalance, hit } from './support.js';

const SEEDS = Number(process.env.FOLDER_SEEDS ?? 200);
const PUTS = 8;
const CLAIMS = 6;
const NEVER = 1e9;

/** What became of a hit. */
interface Fate {
  /** How often it was sent. */
  sent: number;
  /** Its claim was found by another process, or it was counted as lost. */
  isCounted: boolean;
  /** It was put into the folder. */
  isStored: boolean;
}

/** A step of a process that has not been carried out yet. */
interface PendingStep {
  readonly step: FileStep;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface MemoryFile {
  text: string;
  /** The process that renamed it last, and whether it took it from another one that was sending it. */
  owner: object;
  isTakenOver: boolean;
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** A folder in memory, whose steps are carried out in any order, may fail, and may be those of a process that has died. */
class MemoryFolder {
  readonly files = new Map<string, MemoryFile>();
  readonly fates = new Map<string, Fate>();
  readonly random: () => number;
  hasErrors = true;

  constructor(random: () => number) {
    this.random = random;
  }

  /** Carries a step out. */
  run(owner: object, step: FileStep): unknown {
    const [operation, name] = step;
    const fails = (rate: number) => this.hasErrors && this.random() < rate;
    if (operation === 'prepare' || operation === 'share') return undefined;
    if (operation === 'list') return ['spool.json', ...this.files.keys()];
    const file = this.files.get(name);
    if (operation === 'create') {
      if (file) throw failure('EEXIST');
      if (fails(0.05)) throw failure('ENOSPC');
      this.files.set(name, { text: '', owner, isTakenOver: false });
      return this.#append(name, step[2], fails(0.05));
    }
    if (!file) throw failure('ENOENT');
    if (operation === 'append') return this.#append(name, step[2], fails(0.1));
    if (operation === 'read') return file.text;
    if (fails(operation === 'rename' ? 0.05 : 0.02)) throw failure('EIO');
    if (operation === 'unlink') {
      if (file.isTakenOver) for (const fate of this.#fatesIn(name, file)) fate.isCounted = true;
      return this.files.delete(name);
    }
    if (operation === 'rename') {
      const isTakenOver = name.endsWith('sending') && file.owner !== owner;
      this.files.delete(name);
      this.files.set(step[2], { ...file, owner, isTakenOver: isTakenOver || file.isTakenOver });
    }
    return undefined;
  }

  #append(name: string, data: Buffer, isCut: boolean): void {
    const file = this.files.get(name) as MemoryFile;
    const length = isCut ? Math.floor(this.random() * data.length) : data.length;
    file.text += data.subarray(0, length).toString('latin1');
    if (isCut) throw failure('ENOSPC');
  }

  /** Those of the lines that count. */
  #fatesIn(name: string, { text }: MemoryFile): Fate[] {
    const lines = text.split('\n').slice(0, parseName(name)?.hits);
    return lines.flatMap((line) => this.fates.get(/h=(\d+)/.exec(line)?.[1] ?? '') ?? []);
  }
}

/** A process with a spool in the folder. */
class Process {
  pending: PendingStep | undefined;
  isDead = false;
  put = 0;
  folder: Folder | undefined;
  /** Its claim, from when it has it until it ends. */
  #claim: Awaited<ReturnType<Folder['spool']['claim']>>;
  #memory: Folder['kept'] = [];
  #isPutting = false;
  readonly #disk: MemoryFolder;
  readonly #random: () => number;
  readonly #fates: Map<string, Fate>;
  readonly ended: Promise<void>;

  constructor(disk: MemoryFolder, kind: 'writes' | 'sends' | 'ends') {
    this.#disk = disk;
    this.#random = disk.random;
    this.#fates = disk.fates;
    this.ended = this.#live(kind);
  }

  readonly #files: Files = {
    run: (step) =>
      new Promise((resolve, reject) => {
        this.pending = { step, resolve, reject };
      }),
    runNow: (step) => this.#disk.run(this, step),
    has: (name) => this.#disk.files.has(name),
  };

  async #live(kind: 'writes' | 'sends' | 'ends'): Promise<void> {
    const deadMillis = kind === 'ends' ? -1 : NEVER;
    const setup = { place: 'memory', deadMillis, maxExportBatchSize: 12 };
    this.folder = await openFolderSpool(setup, this.#files);
    if (kind === 'writes') for (let i = 0; i < PUTS; i++) await this.#putSome();
    else
      for (let i = 0; i < CLAIMS || (kind === 'ends' && this.#disk.files.size > 0); i++)
        await this.#send(kind === 'ends' ? 0 : 0.3);
    await this.folder.spool.close();
  }

  /** A process that is dead does not go on. */
  async #alive<T>(pending: T | Promise<T>): Promise<T> {
    const value = await pending;
    return this.isDead ? new Promise(() => undefined) : value;
  }

  async #putSome(): Promise<void> {
    const { spool, kept } = this.folder as Folder;
    const made = Array.from({ length: 1 + Math.floor(this.#random() * 3) }, () => {
      const name = String(this.#fates.size);
      this.#fates.set(name, { sent: 0, isCounted: false, isStored: false });
      return hit(name);
    });
    this.put += made.length;
    this.#memory = [...made, ...kept.splice(0)];
    for (let tries = 0; tries < 30 && this.#memory.length > 0; tries++) {
      this.#isPutting = true;
      const isPut = await this.#alive(spool.put(this.#memory));
      this.#isPutting = false;
      if (!isPut) continue;
      // If the disk hung, they may be given back.
      const isKnown = spool.count === 0 && kept.length === 0;
      for (const each of this.#memory) this.#fateOf(each).isStored = isKnown;
      this.#memory = [];
    }
    kept.push(...this.#memory.splice(0));
  }

  async #send(backRate: number): Promise<void> {
    const { spool } = this.folder as Folder;
    const claim = await this.#alive(spool.claim(1));
    if (!claim) return;
    this.#claim = claim;
    const isWhole = this.#random() < backRate;
    const back = claim.hits.filter(() => isWhole || this.#random() < backRate);
    for (const each of claim.hits) if (!back.includes(each)) this.#fateOf(each).sent += 1;
    const results = { tracked: claim.hits.length - back.length };
    await this.#alive(claim.done(results, back, this.#random() < 0.5));
    this.#claim = undefined;
  }

  #fateOf({ query }: { readonly query: string }): Fate {
    return this.#fates.get(query.slice(3)) as Fate;
  }

  carryOut(): void {
    const { pending } = this;
    if (!pending) return;
    this.pending = undefined;
    try {
      pending.resolve(this.#disk.run(this, pending.step));
    } catch (error) {
      pending.reject(error);
    }
  }

  /** Its thread may carry out the step that has begun. */
  #carryOutLate(step: FileStep | undefined): void {
    try {
      if (step) this.#disk.run(this, step);
    } catch {
      // Nobody gets the error.
    }
  }

  kill(): void {
    this.isDead = true;
    if (this.#random() < 0.5) this.#carryOutLate(this.pending?.step);
    this.forget();
  }

  /** What it has in memory is not in the folder. */
  forget(): void {
    for (const each of this.folder?.kept ?? []) this.#fateOf(each).isStored = false;
  }

  /** `process.exit()`: what is in flight happens before, after, or never. */
  exit(): void {
    this.isDead = true;
    const { folder, pending } = this;
    const moment = this.#random();
    if (moment < 0.33) this.#carryOutLate(pending?.step);
    if (folder) {
      const lostBefore = folder.counts.lost.spool;
      this.#claim?.doneNow?.({}, []);
      const all = [...this.#memory, ...folder.kept.splice(0)];
      const back = folder.spool.putNow?.(this.#isPutting ? all.slice(this.#memory.length) : all);
      for (const each of back ?? []) this.#fateOf(each).sent += 1;
      const isLost = folder.counts.lost.spool > lostBefore;
      // What a claim was giving back may be lost as well.
      for (const each of isLost ? (this.#claim?.hits ?? []) : [])
        this.#fateOf(each).isCounted = true;
      if (isLost) for (const each of all) this.#fateOf(each).isCounted ||= !back?.includes(each);
      else for (const each of all) if (!back?.includes(each)) this.#fateOf(each).isStored = true;
    }
    if (moment > 0.66) this.#carryOutLate(pending?.step);
  }
}

async function simulate(seed: number): Promise<void> {
  const random = createRandom(seed * 7919);
  const disk = new MemoryFolder(random);
  const kinds = ['writes', 'writes', 'sends', 'sends'] as const;
  const all = kinds.map((kind) => new Process(disk, kind));
  const alive = new Set(all);
  for (const one of all) void one.ended.then(() => alive.delete(one));
  for (let steps = 0; alive.size > 0 && steps < 600; steps++) {
    const one = [...alive][Math.floor(random() * alive.size)] as Process;
    const kind = random();
    if (kind < 0.02) one.kill();
    else if (kind < 0.04) one.exit();
    else one.carryOut();
    if (one.isDead) alive.delete(one);
    vi.advanceTimersByTime(random() < 0.02 ? 7_000 : random() * 300);
    await new Promise(setImmediate);
  }
  for (const one of alive) one.kill();
  disk.hasErrors = false;
  const last = new Process(disk, 'ends');
  let hasEnded = false;
  void last.ended.then(() => {
    hasEnded = true;
  });
  while (!hasEnded) {
    last.carryOut();
    vi.advanceTimersByTime(100);
    await new Promise(setImmediate);
  }
  for (const one of all) one.forget();
  for (const [name, { sent, isStored, isCounted }] of disk.fates) {
    expect(sent, `hit ${name} was sent`).toBeLessThan(2);
    if (isStored && sent === 0) expect(isCounted, `hit ${name} is accounted for`).toBe(true);
  }
  for (const one of [...all, last])
    if (!one.isDead && one.folder) expectBalance(one.folder, one.put);
}

test(`whatever fails, and whoever dies or exits at any step, no hit is lost without a count, or sent twice: ${SEEDS} seeds`, async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  for (let seed = 1; seed <= SEEDS; seed++)
    await simulate(seed).catch((error) => {
      throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
    });
});
