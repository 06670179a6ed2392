import { FRAMEWORKS } from './frameworks.mjs';
import { OPERATIONS } from './operations.mjs';
import { ORDERS } from './orders.mjs';

/** The cells of each part. */
const CELLS = { orders: ORDERS, frameworks: FRAMEWORKS, operations: OPERATIONS };
export const PARTS = Object.keys(CELLS);

/**
 * The load orders that `npm run test:long` runs, each SDK on the first Node.js that it accepts: all with the newest, whose list of
 * processors SDK 2 has, too. With the oldest one, those in which its own code is another one.
 */
const CORE = {
  'SDK 3.1 on Node.js 22': /^/,
  'SDK 1.30 on Node.js 20': /: (?:--require|traced in code|the processor)/,
};

/** `nodes`, `sdks`, `only` and `app` narrow down the whole matrix, `core` to the part in `npm run test:long`. */
export function planCells({ nodes, sdks, only, app, core = false }) {
  return PARTS.flatMap((part) => CELLS[part].map((cell) => ({ part, ...cell }))).filter(
    ({ part, name, sdk, node }) =>
      (nodes?.includes(node) ?? true) &&
      (sdks?.includes(sdk) ?? true) &&
      (only ?? part) === part &&
      (app === undefined || name.toLowerCase().includes(app.toLowerCase())) &&
      (!core || (part === 'orders' && CORE[`SDK ${sdk} on Node.js ${node}`]?.test(name) === true)),
  );
}
