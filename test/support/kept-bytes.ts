import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
/** What earlier code left would be collected later, at the expense of what is measured then. */
export const collectGarbage = runInNewContext('gc') as () => void;

const PARTS = 200;
const TEXT_BYTES = 100_000;
const PART = 40;

export const PARTS_BYTES: number = PARTS * TEXT_BYTES;

/** By how many bytes the heap has grown after something was given parts of different long texts. */
export function keptBytes(remember: (part: string, text: string) => unknown): number {
  const before = usedBytes();
  for (let i = 0; i < PARTS; i++) {
    const text = Buffer.alloc(TEXT_BYTES, `part-${i}-`.padEnd(PART, 'x')).toString();
    remember(text.slice(100 * PART, 101 * PART), text);
  }
  return usedBytes() - before;
}

function usedBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
