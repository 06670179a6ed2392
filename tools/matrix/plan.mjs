import { FRAMEWORKS } from './frameworks.mjs';
import { OPERATIONS } from './operations.mjs';
import { ORDERS } from './orders.mjs';

/** The cells of each part. */
const CELLS = { orders: ORDERS, frameworks: FRAMEWORKS, operations: OPERATIONS };
export const PARTS = Object.keys(CELLS);

/**
 * The load orders that `npm run test:long` runs: with the oldest and the newest SDK, on the first Node.js that each accepts. SDK 2 has
 * the list of processors that SDK 3 has.
 */
const CORE = ['SDK 1.30 on Node.js 20', 'SDK 3.1 on Node.js 22'];

/** `nodes`, `sdks`, `only` and `app` narrow down the whole matrix, `core` to the part in `npm run test:long`. */
export function planCells({ nodes, sdks, only, app, core = false }) {
  return PARTS.flatMap((part) => CELLS[part].map((cell) => ({ part, ...cell }))).filter(
    ({ part, name, sdk, node }) =>
      (nodes?.includes(node) ?? true) &&
      (sdks?.includes(sdk) ?? true) &&
      (only ?? part) === part &&
      (app === undefined || name.toLowerCase().includes(app.toLowerCase())) &&
      (!core || (part === 'orders' && CORE.includes(`SDK ${sdk} on Node.js ${node}`))),
  );
}
