import { test } from 'vitest';
import { expectHits, OWN_NODE, packBeforeTests, preparePlace } from '../../support/matrix.js';
import { REGISTER } from '../../support/registered-app.js';
import { MCP_DIMENSIONS, MCP_PACKAGES } from './mcp-packages.js';

const SETTING = { node: OWN_NODE, setUp: { name: 'mcp-servers', dependencies: MCP_PACKAGES } };

/** What `mcp/client.cjs` says of itself. */
const CLIENT = 'matrix-client';

interface Call {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly title?: string;
  readonly dimensions?: readonly (string | undefined)[];
  readonly error?: string;
  readonly isIgnored?: boolean;
}

interface Row {
  readonly name: string;
  readonly file: string;
  /** The environment of `mcp/client.cjs`. */
  readonly client: Readonly<Record<string, string>>;
  readonly requests: readonly Call[];
  readonly env?: Readonly<Record<string, string>>;
}

const request = { method: 'POST', path: '/mcp', status: 200 };
const post = (title: string, dimensions: (string | undefined)[], error = ''): Call => ({
  ...request,
  title,
  dimensions,
  error,
});
const ofProtocol = (status: number): Call => ({ ...request, status, isIgnored: true });

/**
 * What `mcp/client.cjs` calls. `hasSession`: it begins with `initialize`. `isTracked`: `trackMcp` knows of failures, so that a title does
 * not have the name of a tool that does not exist; its error is `errorOfUnknown`.
 */
function calls({
  hasSession = true,
  isTracked = false,
  knowsClient = true,
  errorOfUnknown = 'tool_error',
} = {}): Call[] {
  const client = knowsClient ? CLIENT : undefined;
  const failed = (name: string) => (isTracked ? `error MCP tools/call${name}` : undefined);
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

const OLD_CLIENT = { SDK: '1' };
const NEW_CLIENT = { SDK: '2', NEGOTIATION: 'auto' };
const NAMING_CLIENT = { SDK: '1', NAMED: '1' };
const TRACKED = { TRACK_MCP: '1' };

const ROWS: readonly Row[] = [
  {
    name: 'MCP SDK 1.x on Express with `express.json()`',
    file: 'sdk-1.cjs',
    client: OLD_CLIENT,
    requests: calls(),
  },
  {
    name: 'MCP SDK 1.x with `trackMcp`',
    file: 'sdk-1.cjs',
    client: OLD_CLIENT,
    requests: calls({ isTracked: true }),
    env: TRACKED,
  },
  {
    name: 'MCP SDK 2.x, `/server` with `/express`, with `trackMcp`',
    file: 'sdk-2.cjs',
    client: NEW_CLIENT,
    requests: calls({ hasSession: false, isTracked: true, errorOfUnknown: '-32602' }),
    env: TRACKED,
  },
  {
    name: 'MCP SDK 2.x, `/server` with `/node`, which reads the body itself',
    file: 'sdk-2-node.cjs',
    client: NEW_CLIENT,
    requests: calls({ hasSession: false, knowsClient: false }),
  },
  {
    name: 'FastMCP, and a client that sends `Mcp-Method`',
    file: 'fastmcp.mjs',
    client: NAMING_CLIENT,
    requests: calls({ knowsClient: false }),
  },
  {
    name: 'FastMCP with `trackMcp`',
    file: 'fastmcp.mjs',
    client: OLD_CLIENT,
    requests: calls({ isTracked: true, errorOfUnknown: '-32601' }),
    env: TRACKED,
  },
];

const npmPackage = packBeforeTests();

test.for(ROWS)(
  '$name: one hit per call, with its title',
  async ({ file, client, requests, env }) => {
    await expectHits({
      ...(await preparePlace(SETTING, npmPackage())),
      args: [...REGISTER, `mcp/${file}`],
      env: { MATOMO_DIMENSIONS: MCP_DIMENSIONS, ...env },
      requests,
      client: { file: 'mcp/client.cjs', path: '/mcp', env: client },
    });
  },
);
