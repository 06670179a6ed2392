// Which cells there are.
import { planBundlers } from './bundlers.mjs';
import { planFileServers } from './file-servers.mjs';
import { planFrameworks } from './frameworks.mjs';
import { planGateways } from './gateways.mjs';
import { planMcpServers } from './mcp-servers.mjs';
import { planOperations } from './operations.mjs';
import { planOrders } from './orders.mjs';
import { planServers } from './servers.mjs';
import { NODES, SDKS } from './set-ups.mjs';
import { planWithoutSdk } from './without-sdk.mjs';

/**
 * What `npm run test:long` runs: the oldest and the newest SDK that Node 20 has, and SDK 3 on the first Node that it
 * takes.
 */
const CORE_RUNS = [
  { sdk: '1.30', node: 20 },
  { sdk: '2.12', node: 20 },
  { sdk: '3.1', node: 22 },
];

const ALL_RUNS = Object.keys(SDKS).flatMap((sdk) => NODES.map((node) => ({ sdk, node })));

/** Parts with SDKs, of runs. `npm run test:long` runs the first of them. */
const OF_RUNS = { orders: planOrders, frameworks: planFrameworks, gateways: planGateways };
/** Parts without, of Nodes. */
const OF_NODES = {
  operations: planOperations,
  mcp: planMcpServers,
  without: planWithoutSdk,
  servers: planServers,
  bundlers: planBundlers,
  files: planFileServers,
};
export const PARTS = [...Object.keys(OF_RUNS), ...Object.keys(OF_NODES)];

/** `nodes`, `sdks` and `only` narrow the whole matrix down, `core` to the part in `npm run test:long`. */
export function planCells({ nodes = NODES, sdks, only, core = false }) {
  const runs = (core ? CORE_RUNS : ALL_RUNS).filter(
    ({ sdk, node }) => (sdks?.includes(sdk) ?? true) && nodes.includes(node),
  );
  const isWanted = ([part]) => (only ?? part) === part && (!core || part === 'orders');
  return [
    ...Object.entries(OF_RUNS)
      .filter(isWanted)
      .flatMap(([, plan]) => plan(runs)),
    ...Object.entries(sdks ? {} : OF_NODES)
      .filter(isWanted)
      .flatMap(([, plan]) => plan(nodes)),
  ];
}
