const ROWS_AT_A_TIME = 4;

/** Runs all rows of a table, each to its end. */
async function settled<T>(
  rows: readonly T[],
  run: (row: T) => Promise<void>,
): Promise<Map<T, PromiseSettledResult<void>>> {
  const results = new Map<T, PromiseSettledResult<void>>();
  const left = [...rows];
  async function runNext(): Promise<void> {
    for (let row = left.shift(); row !== undefined; row = left.shift()) {
      const [result] = await Promise.allSettled([run(row)]);
      results.set(row, result);
    }
  }
  await Promise.all(Array.from({ length: ROWS_AT_A_TIME }, runNext));
  return results;
}

/** Runs all rows of a table within one test, and then fails with each that has failed. */
export async function together<T>(
  rows: readonly T[],
  nameOf: (row: T) => string,
  run: (row: T) => Promise<void>,
): Promise<void> {
  const failures: Error[] = [];
  for (const [row, result] of await settled(rows, run)) {
    if (result.status === 'fulfilled') continue;
    const { reason } = result;
    const failure = reason instanceof Error ? reason : new Error(String(reason));
    failure.message = `${nameOf(row)}: ${failure.message}`;
    failures.push(failure);
  }
  if (failures.length > 0) throw failures; // Vitest shows each
}
