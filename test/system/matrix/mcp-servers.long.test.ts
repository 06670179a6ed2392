import { test } from 'vitest';
import { expectHits, OWN_NODE, packBeforeTests, preparePlace } from '../../support/matrix.js';
import { REGISTER } from '../../support/registered-app.js';

/** The official SDKs for MCP, and FastMCP. */
const PACKAGES = {
  '@modelcontextprotocol/sdk': '1.32.2',
  '@modelcontextprotocol/server': '2.4.0',
  '@modelcontextprotocol/node': '2.1.2',
  '@modelcontextprotocol/express': '2.0.2',
  '@modelcontextprotocol/client': '2.4.0',
  express: '5.3.0',
  fastmcp: '4.20.16',
  zod: '4.4.3',
};

const SETTING = { node: OWN_NODE, setUp: { name: 'mcp-servers', dependencies: PACKAGES } };

/** What `mcp/client.cjs` says of itself. */
const CLIENT = 'matrix-client';

interface Call {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly title?: string;
  readonly dimensions?: readonly (string | undefined)[];
  readonly isIgnored?: boolean;
}

interface Row {
  readonly name: string;
  readonly file: string;
  /** The environment of `mcp/client.cjs`. */
  readonly client: Readonly<Record<string, string>>;
  readonly requests: readonly Call[];
}

const request = { method: 'POST', path: '/mcp', status: 200 };
const post = (title: string, ...dimensions: (string | undefined)[]): Call => ({
  ...request,
  title,
  dimensions,
});
const ofProtocol = (status: number): Call => ({ ...request, status, isIgnored: true });

/** What `mcp/client.cjs` calls. `first` is named by the client if `namesItself` is not `never`, the others if it is `always`. */
function calls(first: 'initialize' | 'server/discover', namesItself: 'never' | 'first' | 'always') {
  const client = namesItself === 'always' ? CLIENT : undefined;
  return [
    post(`MCP ${first}`, undefined, namesItself === 'never' ? undefined : CLIENT),
    ...(first === 'initialize' ? [ofProtocol(202)] : []),
    ofProtocol(200),
    post('MCP tools/call find_order', 'find_order', client),
    post('MCP tools/call failing', 'failing', client),
    post('MCP tools/call no_such_tool', 'no_such_tool', client),
    post('MCP prompts/get review', undefined, client),
    post('MCP resources/read', undefined, client),
  ];
}

const ROWS: readonly Row[] = [
  {
    name: 'MCP SDK 1.x on Express with `express.json()`',
    file: 'sdk-1.cjs',
    client: { SDK: '1' },
    requests: calls('initialize', 'first'),
  },
  {
    name: 'MCP SDK 2.x, `/server` with `/express`',
    file: 'sdk-2.cjs',
    client: { SDK: '2', NEGOTIATION: 'auto' },
    requests: calls('server/discover', 'always'),
  },
  {
    name: 'MCP SDK 2.x, `/server` with `/node`, which reads the body itself',
    file: 'sdk-2-node.cjs',
    client: { SDK: '2', NEGOTIATION: 'auto' },
    requests: calls('server/discover', 'never'),
  },
  {
    name: 'FastMCP, and a client that sends `Mcp-Method`',
    file: 'fastmcp.mjs',
    client: { SDK: '1', NAMED: '1' },
    requests: calls('initialize', 'never'),
  },
];

const npmPackage = packBeforeTests();

test.for(ROWS)('$name: one hit per call, with its title', async ({ file, client, requests }) => {
  await expectHits({
    ...(await preparePlace(SETTING, npmPackage())),
    args: [...REGISTER, `mcp/${file}`],
    env: { MATOMO_DIMENSIONS: '1=gen_ai.tool.name,2=mcp.client.name' },
    requests,
    client: { file: 'mcp/client.cjs', path: '/mcp', env: client },
  });
});
