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

/** `nodes`, `sdks` and `only` narrow the whole matrix down, `core` to the part in `npm run test:long`. */
export function planCells({ nodes = NODES, sdks: wantedSdks, only, core = false }) {
  const sdks = wantedSdks ?? Object.keys(SDKS);
  const runs = (core ? CORE_RUNS : ALL_RUNS).filter(
    ({ sdk, node }) => sdks.includes(sdk) && nodes.includes(node),
  );
  const wants = (part) => only === undefined || only === part;
  return [
    ...(wants('orders') ? planOrders(runs) : []),
    ...(wants('frameworks') && !core ? planFrameworks(runs) : []),
    ...(wants('gateways') && !core ? planGateways(runs) : []),
    ...(wants('operations') && !core && !wantedSdks ? planOperations(nodes) : []),
    ...(wants('mcp') && !core && !wantedSdks ? planMcpServers(nodes) : []),
    ...(wants('without') && !core && !wantedSdks ? planWithoutSdk(nodes) : []),
    ...(wants('servers') && !core && !wantedSdks ? planServers(nodes) : []),
    ...(wants('bundlers') && !core && !wantedSdks ? planBundlers(nodes) : []),
    ...(wants('files') && !core && !wantedSdks ? planFileServers(nodes) : []),
  ];
}

// Measured on two cores.
const SECONDS_PER_CELL = 0.8;
const SECONDS_PER_INSTALL = 15;
const SECONDS_PER_NEXT_BUILD = 40;
const SECONDS_PER_SERVER_BUILD = 8;

/** How long cells will take, where so many setups and Nodes are missing. */
export function estimateSeconds(cells, missing) {
  const setUpsOf = (how) =>
    new Set(cells.filter(({ make }) => make?.how === how).map(({ setUp }) => setUp.name));
  return Math.round(
    5 +
      cells.length * SECONDS_PER_CELL +
      missing * SECONDS_PER_INSTALL +
      setUpsOf('next').size * SECONDS_PER_NEXT_BUILD +
      setUpsOf('server').size * SECONDS_PER_SERVER_BUILD,
  );
}
