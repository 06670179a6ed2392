import { open, readFile, rename } from 'node:fs/promises';
import { addCounters, createDeliveryCounters, type DeliveryCounters } from '../counters.js';
import { isMissing } from './is-missing.js';

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

/** `undefined` where there is none; nothing is decided where it is damaged. Rejects where that cannot be told at present. */
export async function readSettlement(path: string): Promise<Settlement | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  return parse(text) ?? nothingSettled();
}

export function nothingSettled(): Settlement {
  return { offset: 0, beyond: [], counts: createDeliveryCounters(), isFinished: false };
}

/** Whole or not at all, also where the power fails: else everything before would be sent again. */
export async function writeSettlement(path: string, settlement: Settlement): Promise<void> {
  const draft = `${path}.tmp`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(settlement)}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

function parse(text: string): Settlement | undefined {
  try {
    const { offset, beyond, counts, isFinished } = JSON.parse(text) as Settlement;
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
