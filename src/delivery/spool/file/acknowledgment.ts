import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  addCounters,
  createDeliveryCounters,
  type DeliveryCounters,
  sumOfCounters,
} from '../../counters.js';
import { ForeignFile, openOwnFile, readOwnFile } from '../own-file.js';
import { isMissing } from './is-missing.js';
import type { Closable, OpenFiles } from './open-files.js';
import { acknowledgmentName, isAcknowledgmentOf } from './segment-names.js';

/** A file is begun anew when it has grown to this: its last line says everything. */
const LARGEST_BYTES = 65_536;

/** What has been decided of a segment. */
export interface Acknowledgment {
  /** Everything before is decided. */
  readonly offset: number;
  /** Beginnings of lines beyond `offset` that are decided too. */
  readonly beyond: readonly number[];
  /** What became of the hits. */
  readonly counts: DeliveryCounters;
  /** Nothing is left to be decided, and the segment has been deleted. */
  readonly isFinished: boolean;
}

export function nothingAcknowledged(): Acknowledgment {
  return { offset: 0, beyond: [], counts: createDeliveryCounters(), isFinished: false };
}

/**
 * What has been decided of a segment, where one of the files with these names says so: each sender writes one of its own,
 * and whoever has decided most is right. Rejects where that cannot be told at present.
 */
export async function readAcknowledgment(
  folder: string,
  segment: string,
  names: readonly string[],
): Promise<Acknowledgment | undefined> {
  let furthest: Acknowledgment | undefined;
  for (const name of names) {
    if (!isAcknowledgmentOf(segment, name)) continue;
    const acknowledgment = await readFurthest(join(folder, name));
    if (acknowledgment && (!furthest || isFurther(acknowledgment, furthest)))
      furthest = acknowledgment;
  }
  return furthest;
}

/** What one sender decides of a segment: a line for each time. */
export class AcknowledgmentFile implements Closable {
  readonly #path: string;
  readonly #files: OpenFiles;
  #file: FileHandle | undefined;
  #bytes = 0;
  #isSynced = true;

  /** `lease`: its number tells senders apart. */
  constructor(folder: string, segment: string, lease: number, files: OpenFiles) {
    this.#files = files;
    this.#path = join(folder, acknowledgmentName(segment, lease));
  }

  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /** Whole or not at all. Where the power fails, what was written since the last `sync` may be lost. */
  write(acknowledgment: Acknowledgment): Promise<void> {
    return this.#files.use(this, () => this.#write(`${JSON.stringify(acknowledgment)}\n`));
  }

  async #write(line: string): Promise<void> {
    const draft = `${this.#path}.tmp`;
    try {
      if (this.#bytes === 0 || this.#bytes + line.length > LARGEST_BYTES) await this.release();
      else this.#file ??= await openToAppend(this.#path);
      const isNew = this.#file === undefined;
      this.#file ??= await create(draft);
      await this.#file.writeFile(line);
      this.#isSynced = false;
      if (isNew) {
        await this.sync();
        await rename(draft, this.#path);
        this.#bytes = 0;
      }
      this.#bytes += line.length;
    } catch (error) {
      await this.close(); // a torn line stays the last
      throw error;
    }
  }

  /** Has what was written outlive a power failure. */
  async sync(): Promise<void> {
    if (this.#isSynced) return;
    this.#isSynced = true;
    await this.#file?.datasync();
  }

  /** What is written next is appended. */
  async release(): Promise<void> {
    const file = this.#file;
    const isSynced = this.#isSynced;
    this.#file = undefined;
    this.#isSynced = true;
    if (!isSynced) await file?.datasync().catch(() => undefined);
    await file?.close().catch(() => undefined);
  }

  /** What is written next begins a new file. */
  async close(): Promise<void> {
    this.#bytes = 0;
    await this.release();
    this.#files.forget(this);
  }
}

/** `undefined` if somebody has deleted it. */
async function openToAppend(path: string): Promise<FileHandle | undefined> {
  try {
    return await openOwnFile(path, constants.O_WRONLY | constants.O_APPEND);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A new file; one of a process that was killed, or a link, is not written to. */
async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  await unlink(path);
  return open(path, 'wx', 0o600);
}

/** The last line that is whole; nothing is decided where there is none. */
async function readFurthest(path: string): Promise<Acknowledgment | undefined> {
  let text: string;
  try {
    text = await readOwnFile(path);
  } catch (error) {
    // Another user decides nothing about our hits.
    if (isMissing(error) || error instanceof ForeignFile) return undefined;
    throw error;
  }
  const lines = text.split('\n');
  for (let line = lines.pop(); line !== undefined; line = lines.pop()) {
    const acknowledgment = parse(line);
    if (acknowledgment) return acknowledgment;
  }
  return nothingAcknowledged();
}

function isFurther(a: Acknowledgment, b: Acknowledgment): boolean {
  if (a.isFinished !== b.isFinished) return a.isFinished;
  return sumOfCounters(a.counts) > sumOfCounters(b.counts);
}

function parse(line: string): Acknowledgment | undefined {
  try {
    const { offset, beyond, counts, isFinished } = JSON.parse(line) as Acknowledgment;
    const isSound =
      [offset, counts.tracked, counts.accepted, counts.invalid].every(Number.isSafeInteger) &&
      beyond.every(Number.isSafeInteger) &&
      Object.values(counts.lost).every(Number.isSafeInteger);
    if (!isSound) return undefined;
    const sum = createDeliveryCounters();
    addCounters(sum, { ...counts, lost: { ...sum.lost, ...counts.lost } });
    return { offset, beyond, counts: sum, isFinished: isFinished === true };
  } catch {
    return undefined;
  }
}
