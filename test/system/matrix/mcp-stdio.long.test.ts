import { expect, test } from 'vitest';
import { runNode } from '../../support/child-process.js';
import { OWN_NODE, packBeforeTests, preparePlace } from '../../support/matrix.js';
import { matomo, REGISTER } from '../../support/registered-app.js';
import { MCP_DIMENSIONS, MCP_PACKAGES } from './mcp-packages.js';

const npmPackage = packBeforeTests();
const SETTING = { node: OWN_NODE, setUp: { name: 'mcp-servers', dependencies: MCP_PACKAGES } };
const ANN = { uid: 'ann' };

/** What the official client gets of a server that it starts, and what Matomo gets. */
async function callTools(env: Readonly<Record<string, string>>, visitor: object) {
  const { folder } = await preparePlace(SETTING, npmPackage());
  const { inspector, env: toMatomo } = await matomo();
  const { code, stderr } = await runNode(['mcp/client.cjs'], {
    cwd: folder,
    env: {
      ...toMatomo,
      MATOMO_DIMENSIONS: MCP_DIMENSIONS,
      VISITOR: JSON.stringify(visitor),
      ARGS: JSON.stringify([...REGISTER, 'mcp/stdio.cjs']),
      ...env,
    },
  });
  expect(code, stderr).toBe(0);
  return { hits: inspector.hits(), stderr };
}

const OLD = { SDK: '1' };
const NEW = { SDK: '2' };
const NEWEST = { SDK: '2', NEGOTIATION: 'auto', SERVE: '1' };
const TRACKED = { TRACK_MCP: '1' };

test.each([
  ['SDK 1.x', OLD, 'initialize', 'tool_error'],
  ['SDK 2.x', NEW, 'initialize', '-32602'],
  ['SDK 2.x and serveStdio, in revision 2026-07-28', NEWEST, 'server/discover', '-32602'],
])(
  'trackMcp over stdio, %s: one hit per call, with its client and its failure',
  async (...given) => {
    const [, env, first, unknownTool] = given;
    const { hits, stderr } = await callTools({ ...env, ...TRACKED }, ANN);
    const rows = hits.map(({ params: { action_name, dimension1, dimension3, cvar } }) => [
      action_name,
      dimension1,
      dimension3,
      /"([\w-]+)"\]/.exec(cvar ?? '')?.[1],
    ]);
    expect(rows).toEqual([
      [`MCP ${first}`, undefined, undefined, undefined],
      ['MCP tools/call find_order', 'find_order', undefined, undefined],
      ['MCP tools/call failing', 'failing', 'error MCP tools/call failing', 'tool_error'],
      ['MCP tools/call', undefined, 'error MCP tools/call', unknownTool],
      ['MCP prompts/get review', undefined, undefined, undefined],
      ['MCP resources/read', undefined, undefined, undefined],
    ]);
    const callers = hits.map(({ params }) => `${params.uid} ${params.url}`);
    expect(new Set(callers)).toEqual(new Set(['ann http://localhost/mcp']));
    const clients = hits.map(({ params }) => params.dimension2);
    expect(clients).toEqual(hits.map(() => 'matrix-client'));
    expect(stderr).toBe('');
  },
);
