import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import {
  addCounters,
  createDeliveryCounters,
  type DeliveryCounters,
  sumOfCounters,
} from '../counters.js';
import { isMissing } from './is-missing.js';
import { isSettledOf, settledName } from './segment-names.js';

/** A file is begun anew when it has grown to this: its last line says everything. */
const LARGEST_BYTES = 65_536;

/** What has been decided of a segment. */
export interface Settlement {
  /** Everything before is decided. */
  readonly offset: number;
  /** Beginnings of lines beyond `offset` that are decided too. */
  readonly beyond: readonly number[];
  /** What became of the hits. */
  readonly counts: DeliveryCounters;
  /** Nothing is left to be decided, and the segment has been deleted. */
  readonly isFinished: boolean;
}

export function nothingSettled(): Settlement {
  return { offset: 0, beyond: [], counts: createDeliveryCounters(), isFinished: false };
}

/**
 * What has been decided of a segment, where one of the files with these names says so: each sender writes one of its own,
 * and whoever has decided most is right. Rejects where that cannot be told at present.
 */
export async function readSettlement(
  folder: string,
  segment: string,
  names: readonly string[],
): Promise<Settlement | undefined> {
  let furthest: Settlement | undefined;
  for (const name of names) {
    if (!isSettledOf(segment, name)) continue;
    const settlement = await readFurthest(join(folder, name));
    if (settlement && (!furthest || isFurther(settlement, furthest))) furthest = settlement;
  }
  return furthest;
}

/** What one sender decides of a segment: a line for each time. */
export class SettlementFile {
  readonly #path: string;
  #file: FileHandle | undefined;
  #bytes = 0;
  #isSynced = true;

  /** `lease`: its number tells senders apart. */
  constructor(folder: string, segment: string, lease: number) {
    this.#path = join(folder, settledName(segment, lease));
  }

  /** Whole or not at all. Where the power fails, what was written since the last `sync` may be lost. */
  async write(settlement: Settlement): Promise<void> {
    const line = `${JSON.stringify(settlement)}\n`;
    const isNew = this.#file === undefined || this.#bytes + line.length > LARGEST_BYTES;
    if (isNew) await this.close();
    const draft = `${this.#path}.tmp`;
    try {
      this.#file ??= await open(draft, 'w', 0o600);
      await this.#file.writeFile(line);
      this.#isSynced = false;
      if (isNew) {
        await this.sync();
        await rename(draft, this.#path);
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

  async close(): Promise<void> {
    await this.sync().catch(() => undefined);
    const file = this.#file;
    this.#file = undefined;
    this.#bytes = 0;
    this.#isSynced = true;
    await file?.close().catch(() => undefined);
  }
}

/** The last line that is whole; nothing is decided where there is none. */
async function readFurthest(path: string): Promise<Settlement | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const lines = text.split('\n');
  for (let line = lines.pop(); line !== undefined; line = lines.pop()) {
    const settlement = parse(line);
    if (settlement) return settlement;
  }
  return nothingSettled();
}

function isFurther(a: Settlement, b: Settlement): boolean {
  if (a.isFinished !== b.isFinished) return a.isFinished;
  return sumOfCounters(a.counts) > sumOfCounters(b.counts);
}

function parse(line: string): Settlement | undefined {
  try {
    const { offset, beyond, counts, isFinished } = JSON.parse(line) as Settlement;
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
