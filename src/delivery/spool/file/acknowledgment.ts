import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  addCounters,
  createDeliveryCounters,
  type DeliveryCounters,
  sumOfCounters,
} from '../../queue/counters.js';
import { ForeignFile, openOwnFile, readOwnFile } from '../own-file.js';
import { isMissing } from './is-missing.js';
import type { Closable, OpenFiles } from './open-files.js';
import { acknowledgmentName } from './segment-names.js';

/** A file that has grown to this size is started anew: its last line contains everything. */
const MAX_BYTES = 65_536;

/** Which hits of a segment have a result. */
export interface Acknowledgment {
  /** Everything before it is acknowledged. */
  readonly offset: number;
  /** Starts of lines after `offset` that are acknowledged too. */
  readonly beyond: readonly number[];
  /** Results of the hits. */
  readonly counts: DeliveryCounters;
  /** Every hit is acknowledged, and the segment is deleted. */
  readonly isFinished: boolean;
}

export function nothingAcknowledged(): Acknowledgment {
  return { offset: 0, beyond: [], counts: createDeliveryCounters(), isFinished: false };
}

/**
 * The acknowledgment of a segment from its files. Each sender writes its own; the one with the most results is right. Rejects if one
 * cannot be read.
 */
export async function readAcknowledgment(
  folder: string,
  names: readonly string[],
): Promise<Acknowledgment | undefined> {
  let furthest: Acknowledgment | undefined;
  for (const name of names) {
    const acknowledgment = await readFurthest(join(folder, name));
    if (acknowledgment && (!furthest || isFurther(acknowledgment, furthest)))
      furthest = acknowledgment;
  }
  return furthest;
}

/** The acknowledgments that one sender writes for a segment, one line each. */
export class AcknowledgmentFile implements Closable {
  readonly #path: string;
  readonly #files: OpenFiles;
  #file: FileHandle | undefined;
  #bytes = 0;
  #isSynced = true;

  /** `lease`: number of the lease, which distinguishes senders. */
  constructor(folder: string, segment: string, lease: number, files: OpenFiles) {
    this.#files = files;
    this.#path = join(folder, acknowledgmentName(segment, lease));
  }

  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /** Writes a complete line or nothing. In a power failure, lines since the last `sync` may be lost. */
  write(acknowledgment: Acknowledgment): Promise<void> {
    return this.#files.use(this, () => this.#write(`${JSON.stringify(acknowledgment)}\n`));
  }

  async #write(line: string): Promise<void> {
    const draft = `${this.#path}.tmp`;
    try {
      if (this.#bytes === 0 || this.#bytes + line.length > MAX_BYTES) await this.release();
      else this.#file ??= await openToAppend(this.#path);
      const isNew = this.#file === undefined;
      this.#file ??= await createFile(draft);
      await this.#file.writeFile(line);
      this.#isSynced = false;
      if (isNew) {
        await this.sync();
        await rename(draft, this.#path);
        this.#bytes = 0;
      }
      this.#bytes += line.length;
    } catch (error) {
      await this.close(); // nothing is appended to a torn line
      throw error;
    }
  }

  /** Makes what was written survive a power failure. */
  async sync(): Promise<void> {
    if (this.#isSynced) return;
    this.#isSynced = true;
    await this.#file?.datasync();
  }

  /** The next write appends to the file. */
  async release(): Promise<void> {
    const file = this.#file;
    const isSynced = this.#isSynced;
    this.#file = undefined;
    this.#isSynced = true;
    if (!isSynced) await file?.datasync().catch(() => undefined);
    await file?.close().catch(() => undefined);
  }

  /** The next write starts a new file. */
  async close(): Promise<void> {
    this.#bytes = 0;
    await this.release();
    this.#files.forget(this);
  }
}

/** `undefined` if the file was deleted. */
async function openToAppend(path: string): Promise<FileHandle | undefined> {
  try {
    return await openOwnFile(path, constants.O_WRONLY | constants.O_APPEND);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A new file. Replaces what a killed process left behind, or a link. */
export async function createFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  await unlink(path);
  return open(path, 'wx', 0o600);
}

/** The last complete line; `undefined` if the file is missing or belongs to another user. */
async function readFurthest(path: string): Promise<Acknowledgment | undefined> {
  let text: string;
  try {
    text = await readOwnFile(path);
  } catch (error) {
    // Another user must not acknowledge our hits.
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
