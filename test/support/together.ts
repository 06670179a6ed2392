const ROWS_AT_A_TIME = 4;

/** Runs all rows of a table within one test, each to its end, and then fails with each that has failed. */
export async function together<T>(
  rows: readonly T[],
  nameOf: (row: T) => string,
  run: (row: T) => Promise<void>,
): Promise<void> {
  const failures: Error[] = [];
  const left = [...rows];
  async function runNext(): Promise<void> {
    for (let row = left.shift(); row !== undefined; row = left.shift()) {
      try {
        await run(row);
      } catch (reason) {
        const failure = reason instanceof Error ? reason : new Error(String(reason));
        failure.message = `${nameOf(row)}: ${failure.message}`;
        failures.push(failure);
      }
    }
  }
  await Promise.all(Array.from({ length: ROWS_AT_A_TIME }, runNext));
  if (failures.length > 0) throw failures; // Vitest shows each
}
