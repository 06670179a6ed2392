/** The maximum time for which work that can wait blocks the event loop. */
const SLICE_MILLIS = 20;

/** Begins a slice. The returned function returns whether its time is over. */
export function beginSlice(): () => boolean {
  const end = performance.now() + SLICE_MILLIS;
  return () => performance.now() >= end;
}

/** Work in small steps. A step yields whether the next one is long and needs a slice of its own. */
export type Steps<Result = void> = Generator<boolean, Result>;

/** Runs all steps in slices, so that timers and sockets are served between them. Short work ends in the same turn. */
export async function runInSlices(steps: Steps<unknown>): Promise<void> {
  let isOver = beginSlice();
  for (const needsSlice of steps) {
    if (!needsSlice && !isOver()) continue;
    await new Promise(setImmediate);
    isOver = beginSlice();
  }
}
