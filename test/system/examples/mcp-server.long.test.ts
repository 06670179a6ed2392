import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROOT, runNode } from '../../support/child-process.js';
import { sorted } from '../../support/sorted.js';
import { startExample } from './examples.js';

const FOLDER = `${ROOT}examples/mcp-server`;

test('the calls of two MCP clients are two visitors, with the reports that the README shows', async () => {
  const { server, inspector } = await startExample('mcp-server', {
    MATOMO_DIMENSIONS: '1=gen_ai.tool.name,2=mcp.client.name,3=matomo.failed_endpoint',
    NODE_OPTIONS: `--require=${ROOT}test/support/apps/recipes/mcp-clients.cjs`, // of docs/mcp.md
  });
  const client = await runNode(['client.js', `${server.url}/mcp`], { cwd: FOLDER });
  expect(client).toMatchObject({ code: 0, stderr: '' });
  await server.stop();
  const hits = inspector.hits();
  const report = (parameter: string, of = hits) => {
    const counts = new Map<string, number>();
    for (const { params } of of) {
      const value = params[parameter];
      if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return Object.fromEntries(counts);
  };
  expect(report('action_name')).toEqual(tableOf('Page titles'));
  expect(report('dimension1')).toEqual(tableOf('Tool'));
  expect(report('dimension2')).toEqual(tableOf('MCP client'));
  expect(report('dimension3')).toEqual(tableOf('Failed endpoint'));
  const desk = hits.filter(({ params }) => params.dimension2 === 'desk-assistant');
  expect(report('dimension3', desk)).toEqual(
    tableOf('Failed endpoint, with the segment *MCP client is desk-assistant*'),
  );
  expect(new Set(hits.map(({ params }) => params.cid)).size).toBe(2);
  expect(sorted(hits.flatMap(({ params }) => params.dimension6 ?? []))).toEqual([
    'desk-assistant: error MCP tools/call cancel_order',
    'phone-assistant: error MCP tools/call cancel_order',
    'phone-assistant: error MCP tools/call find_order',
  ]);
});

/** The rows of a table in the README, by their first cell. */
function tableOf(name: string): Record<string, number> {
  const [, text = ''] = readFileSync(`${FOLDER}/README.md`, 'utf8').split(
    `| Behaviour > ${name} |`,
  );
  const [table = ''] = text.split('\n\n');
  const rows = [...table.matchAll(/^\| `(.+?)` \| (\d+) \|$/gm)];
  return Object.fromEntries(rows.map(([, value, count]) => [value, Number(count)]));
}
