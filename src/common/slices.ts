import { setImmediate as nextTurn } from 'node:timers/promises';

/** Work that can wait holds the event loop for so long at most, then others have their turn. */
const SLICE_MILLIS = 20;

/** Whether the work that begins now has taken a slice. */
export function beginSlice(): () => boolean {
  const end = performance.now() + SLICE_MILLIS;
  return () => performance.now() >= end;
}

/** Work in small steps. A step yields whether the next one is so long that it needs a slice of its own. */
export type Steps = Generator<boolean, void>;

/** Takes all steps, in slices: timers and sockets have their turn between them. Little work ends in this very turn. */
export async function runInSlices(steps: Steps): Promise<void> {
  let isOver = beginSlice();
  for (const needsSlice of steps) {
    if (!needsSlice && !isOver()) continue;
    await nextTurn();
    isOver = beginSlice();
  }
}

/** Takes all steps at once. */
export function runAtOnce(steps: Steps): void {
  while (!steps.next().done);
}
