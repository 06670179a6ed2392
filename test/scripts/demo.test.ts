import { expect, onTestFinished, test } from 'vitest';
import { startInspector } from '../../src/inspector/index.js';
import { ROOT, runNode } from '../support/child-process.js';

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
const OWN_SERVICE = 'node --require opentelemetry-matomo/register app.js';
const TIMEOUT_MILLIS = 60_000;

/** Commands in the last three lines. */
function lastCommands(stdout: string): string[] {
  const lines = stdout.trimEnd().split('\n').slice(-3).join('\n');
  return lines.match(/(?:npx|node) [\w./ -]+\w(?= {2}|$)/gm) ?? [];
}

test('the demo shows every endpoint and loses no request', {
  timeout: TIMEOUT_MILLIS,
}, async () => {
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

test(
  'without a terminal the demo is plain text of at most 80 columns, and installs nothing twice',
  async () => {
    const { stdout } = await runDemo();
    expect(stdout).not.toContain('\x1b');
    expect(stdout).not.toContain('npm ci');
    expect(stdout).toMatch(/^Sending requests: 448 of 448$/m);
    expect(stdout).toMatch(/^ {2}load orders +pf_dm1 +\d+ +\d+$/m);
    expect(stdout).toMatch(/^Also +28 orders of 3360\b.*\b42 events$/m);
    expect(stdout).toMatch(
      /^Ignored +14 static files, 14 prefetches, 14 MCP lists, 28 health checks$/m,
    );
    expect(stdout).toMatch(/^ChatGPT-User +42 +14 +\d+ +\d+ +\d+$/m);
    expect(stdout).toMatch(/^Claude-User +28 +· +\d+ +\d+ +\d+$/m);
    expect(stdout).toMatch(/^Visitors +8, .*\bde, en, fr,/m);
    expect(lastCommands(stdout)).toEqual(['npx opentelemetry-matomo setup', OWN_SERVICE]);
    const screen = stdout.slice(stdout.indexOf('What Matomo stored')).split('\n');
    expect(Math.max(...screen.map((line) => line.length))).toBeLessThanOrEqual(80);
  },
  TIMEOUT_MILLIS,
);

test('with MATOMO_URL the demo sends its hits there', { timeout: TIMEOUT_MILLIS }, async () => {
  const inspector = await startInspector();
  onTestFinished(() => inspector.close());
  const { code, stdout } = await runDemo({ MATOMO_URL: inspector.url, MATOMO_SITE_ID: '3' });
  expect(code).toBe(0);
  expect(stdout).toContain(`site 3 of ${inspector.url}`);
  expect(lastCommands(stdout)).toEqual(['npx opentelemetry-matomo doctor', OWN_SERVICE]);
  const visits = inspector.hits().filter(({ verdict }) => verdict !== 'ai_chatbot');
  expect(inspector.aiRequests()).toHaveLength(70);
  expect(visits.every(({ params }) => params.idsite === '3')).toBe(true);
  const pages = visits.filter(({ stored }) => stored?.type === 'page');
  expect(new Set(pages.map(({ stored }) => stored?.title))).toEqual(new Set(ENDPOINTS));
});

test('a lost request is not outweighed by one that came twice', async () => {
  const { toBalance } = await import(`${ROOT}tools/demo/statistics.mjs`);
  const steps = [{ title: 'GET /a' }, { title: 'GET /b' }, {}];
  const stored = [{ title: 'GET /a' }, { title: 'GET /a' }];
  expect(toBalance(steps, stored)).toEqual({
    sent: 3,
    tracked: 2,
    ignored: 1,
    missing: 1,
    surplus: 1,
  });
});

test.each([
  [[7], 7, 7],
  [[30, 10, 20, 40], 20, 40],
  [Array.from({ length: 100 }, (_, index) => index + 1), 50, 95],
])('of the times %j the demo shows %i and %i', async (times, p50, p95) => {
  const { toEndpoints } = await import(`${ROOT}tools/demo/statistics.mjs`);
  const requests = times.map((millis) => ({ title: 'GET /a', status: 200, millis }));
  expect(toEndpoints(requests)).toMatchObject([
    { requests: times.length, ok: times.length, p50, p95 },
  ]);
});

function runDemo(env: Record<string, string> = {}): ReturnType<typeof runNode> {
  return runNode(['tools/demo/main.mjs'], { env, timeoutMillis: TIMEOUT_MILLIS });
}
