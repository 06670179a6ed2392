import { judgeCell } from './cell.mjs';
import { preparePlaces } from './places.mjs';
import { runApp } from './run-app.mjs';

/** More than the two cores of a small machine gains nothing, and makes processes late. */
const CONCURRENCY = 3;

/**
 * Runs `cells` (of `plan`), each in processes of its own; resolves to them with `status` and `differences`, or with the `reason` if
 * what they need cannot be installed. `onCell` is called with each, and with how many are done.
 */
export async function runCells(cells, { npmPackage, onCell = () => undefined }) {
  const places = await preparePlaces(cells, npmPackage);
  const runsWithout = new Map();
  async function run(cell) {
    const { value: place, reason, failure } = places.placeOf(cell);
    if (reason) return { ...cell, status: 'skipped', reason };
    if (failure) return { ...cell, status: 'wrong', differences: [failure] };
    const runWithout = () => {
      const command = { ...place, ...cell.command(false) };
      const key = JSON.stringify(command);
      if (!runsWithout.has(key)) runsWithout.set(key, runApp(command));
      return runsWithout.get(key);
    };
    const verdict = await judgeCell({ ...place, ...cell.command(true) }, cell, runWithout);
    return { ...cell, ...verdict };
  }
  const results = [];
  const queue = cells.entries();
  async function work() {
    for (const [index, cell] of queue) {
      results[index] = await run(cell);
      onCell(results[index], Object.keys(results).length);
    }
  }
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    return results;
  } finally {
    places.close();
  }
}
