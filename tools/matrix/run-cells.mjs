import { judgeCell } from './cell.mjs';
import { preparePlaces } from './places.mjs';
import { runPool } from './pool.mjs';
import { REQUESTS } from './requests.mjs';
import { runApp } from './run-app.mjs';

/** More than the two cores of a small machine gains nothing, and makes processes late. */
const CONCURRENCY = 3;

/**
 * Runs `cells` (of `plan`), each in processes of its own; resolves to them with `status`, `differences`, or `reason`
 * where what they need cannot be installed, and with the versions that they ran with. `onCell` is told of each.
 */
export async function runCells(cells, { npmPackage, say, onCell, concurrency = CONCURRENCY }) {
  const places = await preparePlaces(cells, npmPackage, say);
  const runsWithout = new Map();
  const tasks = cells.map((cell) => async () => {
    const { reason, failure, nodeVersion, version, ...place } = places.placeOf(cell);
    if (reason) return { ...cell, status: 'skipped', reason };
    if (failure) return { ...cell, status: 'wrong', differences: [failure] };
    const { throughGateway } = cell;
    const runWithout = () => {
      if (throughGateway) return { spans: [] };
      const command = { ...place, ...cell.command(false) };
      const key = JSON.stringify(command);
      const known = runsWithout.get(key) ?? runApp({ requests: REQUESTS, ...command });
      runsWithout.set(key, known);
      return known;
    };
    const { codes } = cell;
    const command = { ...place, ...cell.command(true), throughGateway, codes };
    const verdict = await judgeCell(command, cell.titles, runWithout);
    return { ...cell, nodeVersion, version, ...verdict };
  });
  try {
    return await runPool(tasks, concurrency, onCell);
  } finally {
    places.close();
  }
}
