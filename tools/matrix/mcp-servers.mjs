// MCP servers, which get their calls from the official clients.
import { AUTO, toCell } from './registered-app.mjs';
import { SDKS } from './set-ups.mjs';

const MCP = {
  '@modelcontextprotocol/sdk': '1.32.2',
  '@modelcontextprotocol/server': '2.4.0',
  '@modelcontextprotocol/node': '2.1.2',
  '@modelcontextprotocol/express': '2.0.2',
  '@modelcontextprotocol/client': '2.4.0',
  express: '5.3.0',
  fastmcp: '4.20.16',
  zod: '4.4.3',
};
const ALONE = { name: 'mcp-servers', dependencies: MCP };
const BESIDE = { name: 'mcp-servers-auto', dependencies: { ...SDKS[2.12].dependencies, ...MCP } };

/** What `mcp/client.cjs` says of itself. */
const CLIENT = 'matrix-client';

/** `gen_ai.tool.name`, `mcp.client.name`, `matomo.failed_endpoint`. */
const ENV = {
  MATOMO_DIMENSIONS: '1=gen_ai.tool.name,2=mcp.client.name,3=matomo.failed_endpoint',
};

const post = (title, dimensions, error = '') => ({
  method: 'POST',
  path: '/mcp',
  status: 200,
  title,
  dimensions,
  error,
});
const ofProtocol = (status) => ({ method: 'POST', path: '/mcp', status, isIgnored: true });

/**
 * What `mcp/client.cjs` calls. `hasSession`: it begins with `initialize`. `isTracked`: `trackMcp` knows of failures, so that a title does
 * not have the name of a tool that does not exist; its error is `errorOfUnknown`.
 */
function calls({
  hasSession = true,
  isTracked = false,
  knowsClient = true,
  errorOfUnknown = 'tool_error',
} = {}) {
  const client = knowsClient ? CLIENT : undefined;
  const failed = (name) => (isTracked ? `error MCP tools/call${name}` : undefined);
  const error = isTracked ? 'tool_error' : '';
  const unknown = isTracked
    ? post('MCP tools/call', [undefined, client, failed('')], errorOfUnknown)
    : post('MCP tools/call no_such_tool', ['no_such_tool', client]);
  return [
    ...(hasSession
      ? [post('MCP initialize', [undefined, client]), ofProtocol(202)]
      : [post('MCP server/discover', [undefined, client])]),
    ofProtocol(200),
    post('MCP tools/call find_order', ['find_order', client]),
    post('MCP tools/call failing', ['failing', client, failed(' failing')], error),
    unknown,
    post('MCP prompts/get review', [undefined, client]),
    post('MCP resources/read', [undefined, client]),
  ];
}

/** A server that reads the body itself, if its client sends no `Mcp-Method`: nothing shows which messages are calls. */
const UNNAMED = calls().map(({ isIgnored, ...call }) => ({
  ...call,
  title: 'POST /mcp',
  dimensions: [],
  error: '',
}));

const OLD_CLIENT = { SDK: '1' };
const NEW_CLIENT = { SDK: '2', NEGOTIATION: 'auto' };
const NAMING_CLIENT = { SDK: '1', NAMED: '1' };
const TRACKED = { TRACK_MCP: '1' };

const SDK_1 = { file: 'sdk-1.cjs', versionOf: '@modelcontextprotocol/sdk', client: OLD_CLIENT };
const SDK_2 = { versionOf: '@modelcontextprotocol/server', client: NEW_CLIENT };
const FASTMCP = { file: 'fastmcp.mjs', versionOf: 'fastmcp', client: OLD_CLIENT };

/** More servers of the kinds that `npm run test:long` has one of. */
const NIGHTLY_ROWS = [
  {
    ...SDK_2,
    name: 'MCP SDK 2.x with sessions, `/server` with `/node`, with `trackMcp`',
    file: 'sdk-2-sessions.cjs',
    client: OLD_CLIENT,
    ownEnv: TRACKED,
    requests: calls({ isTracked: true, errorOfUnknown: '-32602' }),
  },
  {
    ...FASTMCP,
    name: 'FastMCP with `trackMcp`',
    ownEnv: TRACKED,
    requests: calls({ isTracked: true, errorOfUnknown: '-32601' }),
  },
].map((row) => ({ ...row, isNightly: true }));

const ROWS = [
  {
    ...SDK_1,
    name: 'MCP SDK 1.x on Express with `express.json()`',
    requests: calls(),
  },
  {
    ...SDK_1,
    name: 'MCP SDK 1.x on Express with `express.json()`, with auto-instrumentations',
    setUp: BESIDE,
    preloads: AUTO,
    requests: calls(),
  },
  {
    ...SDK_2,
    name: 'MCP SDK 2.x, `/server` with `/express`',
    file: 'sdk-2.cjs',
    requests: calls({ hasSession: false }),
  },
  {
    ...SDK_2,
    name: 'MCP SDK 2.x, `/server` with `/node`, which reads the body itself',
    file: 'sdk-2-node.cjs',
    requests: calls({ hasSession: false, knowsClient: false }),
  },
  {
    ...FASTMCP,
    name: 'FastMCP, and a client that sends `Mcp-Method`',
    client: NAMING_CLIENT,
    requests: calls({ knowsClient: false }),
  },
  {
    ...FASTMCP,
    name: 'FastMCP, and a client that does not',
    requests: UNNAMED,
  },
  {
    ...SDK_1,
    name: 'MCP SDK 1.x with `trackMcp`',
    ownEnv: TRACKED,
    requests: calls({ isTracked: true }),
  },
  {
    ...SDK_2,
    name: 'MCP SDK 2.x, `/server` with `/express`, with `trackMcp`',
    file: 'sdk-2.cjs',
    ownEnv: TRACKED,
    requests: calls({ hasSession: false, isTracked: true, errorOfUnknown: '-32602' }),
  },
  ...NIGHTLY_ROWS,
];

/** The cells of every server on each Node. */
export function planMcpServers(nodes) {
  return nodes.flatMap((node) => ROWS.map((row) => toMcpCell(row, node)));
}

function toMcpCell({ file, client, setUp = ALONE, ...row }, node) {
  const app = {
    ...row,
    setUp,
    file: `mcp/${file}`,
    env: ENV,
    client: { file: 'mcp/client.cjs', path: '/mcp', env: client },
  };
  return toCell('mcp', app, node);
}
