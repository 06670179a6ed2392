import { expect, test } from 'vitest';
import { runNode } from '../support/child-process.js';
import { startMatomo } from '../support/matomo.js';

const ENDPOINTS = [
  'GET /items',
  'GET /items/:id',
  'Checkout',
  'GET /reports/:month',
  'GET /stock/:id',
  'GET /recommendations',
  'MCP tools/call find_items',
  'GET Not Found',
];
test('the demo shows every endpoint and loses no request', async () => {
  const { code, stdout, stderr } = await runDemo();
  expect(stderr).toBe('');
  expect(code).toBe(0);
  for (const endpoint of ENDPOINTS) expect(stdout).toContain(`\n${endpoint} `);
  const law = /(\d+) sent = (\d+) tracked \+ (\d+) ignored, 0 missing\n/.exec(stdout);
  const [sent, tracked, ignored] = (law ?? []).slice(1).map(Number) as [number, number, number];
  expect(sent).toBeGreaterThanOrEqual(300);
  expect(tracked + ignored).toBe(sent);
  expect(ignored).toBeGreaterThan(0);
});

test('with MATOMO_URL the demo sends its hits there', async () => {
  const inspector = await startMatomo();
  const { code, stdout } = await runDemo({ MATOMO_URL: inspector.url, MATOMO_SITE_ID: '3' });
  expect(code).toBe(0);
  expect(stdout).toContain(`site 3 of ${inspector.url}`);
  expect(stdout).toMatch(
    /npx opentelemetry-matomo doctor.*\n.*node --import opentelemetry-matomo\/register app\.js\s+$/,
  );
  const visits = inspector.hits().filter(({ verdict }) => verdict !== 'ai_chatbot');
  expect(inspector.hits().length - visits.length).toBe(70);
  expect(visits.every(({ params }) => params.idsite === '3')).toBe(true);
  const pages = visits.filter(({ stored }) => stored?.type === 'page');
  expect(new Set(pages.map(({ stored }) => stored?.title))).toEqual(new Set(ENDPOINTS));
});

function runDemo(env: Record<string, string> = {}): ReturnType<typeof runNode> {
  return runNode(['tools/demo/main.mjs'], { env, timeoutMillis: 300_000 });
}
