import { expect, test } from 'vitest';
import { ROOT, runNode, startServer } from '../../support/child-process.js';
import { startMatomo } from '../../support/matomo.js';

const FOLDER = `${ROOT}examples/mcp-server`;
const OPTIONS = `${ROOT}test/support/apps/recipes/mcp-clients.cjs`;

test('one dimension has the failed calls of each MCP client, also if several are one visitor', async () => {
  const inspector = await startMatomo({ sites: { 1: { dimensions: [2, 3, 6] } } });
  const server = await startServer(['--require', OPTIONS, 'app.js'], {
    cwd: FOLDER,
    env: {
      MATOMO_URL: inspector.url,
      MATOMO_SITE_ID: '1',
      MATOMO_DIMENSIONS: '2=mcp.client.name,3=matomo.failed_endpoint',
    },
  });
  const client = await runNode(['client.js', `${server.url}/mcp`], { cwd: FOLDER });
  expect(client).toMatchObject({ code: 0, stderr: '' });
  await server.stop();
  const failures = inspector.hits().flatMap(({ stored }) => stored?.custom_dimension_6 ?? []);
  expect(failures.sort()).toEqual([
    'desk-assistant: error MCP tools/call cancel_order',
    'phone-assistant: error MCP tools/call cancel_order',
    'phone-assistant: error MCP tools/call find_order',
  ]);
});
