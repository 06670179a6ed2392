import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROOT, runNode } from '../../support/child-process.js';
import { matomo } from '../../support/registered-app.js';
import { words } from '../../support/words.js';
import { startExample } from './examples.js';

const FOLDER = `${ROOT}examples/mcp-server`;

test('the calls of two MCP clients are two visitors, with the reports that the README shows', async () => {
  const { server, inspector } = await startExample('mcp-server', {
    MATOMO_DIMENSIONS: '1=gen_ai.tool.name,2=mcp.client.name',
  });
  const client = await runNode(['client.js', `${server.url}/mcp`], { cwd: FOLDER });
  expect(client).toMatchObject({ code: 0, stderr: '' });
  await server.stop();
  const hits = inspector.hits();
  const report = (parameter: string) => {
    const counts = new Map<string, number>();
    for (const { params } of hits) {
      const value = params[parameter];
      if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return Object.fromEntries(counts);
  };
  expect(report('action_name')).toEqual(tableOf('Page titles'));
  expect(report('dimension1')).toEqual(tableOf('Tool'));
  expect(report('dimension2')).toEqual(tableOf('MCP client'));
  expect(report('e_n')).toEqual(tableOf('Events > Event names, of the action `failed`'));
  expect(report('e_a')).toEqual({ failed: 3 });
  expect(new Set(hits.map(({ params }) => params.cid)).size).toBe(2);
});

test('each call over stdio is an event of the installation', async () => {
  const { inspector, env } = await matomo();
  const client = await runNode(['client.js', 'stdio'], {
    cwd: FOLDER,
    env: { ...env, INSTALLATION_ID: 'installation-7' },
  });
  expect(client).toMatchObject({ code: 0, stderr: '' });
  await expect.poll(() => inspector.hits()).toHaveLength(6);
  const rows = inspector.hits().map(({ params: { uid, e_c, e_a, e_n } }) => [uid, e_c, e_a, e_n]);
  const calls = words(`
    called:find_order called:find_order failed:cancel_order
    called:find_order failed:find_order failed:cancel_order
  `);
  expect(rows).toEqual(calls.map((call) => ['installation-7', 'MCP tool', ...call.split(':')]));
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
