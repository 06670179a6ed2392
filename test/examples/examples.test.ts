import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { type InspectedHit, type Inspector, startInspector } from '../../src/inspector/index.js';
import { ROOT, type Server, startServer } from '../support/child-process.js';

const EXAMPLES = ['sdk-registration', 'zero-code', 'alongside-tracing', 'shop'] as const;
type Example = (typeof EXAMPLES)[number];

test.each(EXAMPLES)('the README of %s gives the command that npm start runs', (example) => {
  expect(readmeCommands(example)).toEqual([startCommand(example)]);
});

test('in an SDK set-up, a request is tracked under the route that the application sets', async () => {
  const { server, inspector } = await start('sdk-registration');
  await fetch(`${server.url}/hello/you`);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(storedBy(inspector)).toEqual([
    expect.objectContaining({
      title: 'GET /hello/:name',
      url: expect.stringMatching(/\/hello\/you$/),
      custom_var_k1: 'http_status_code',
      custom_var_v1: '200',
      custom_var_k2: 'http_method',
      custom_var_v2: 'GET',
    }),
  ]);
});

test('without a line of code, requests are tracked under their route and with their status', async () => {
  const { server, inspector } = await start('zero-code');
  await fetch(`${server.url}/users/7`);
  await fetch(`${server.url}/nobody`);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(titlesAndStatuses(inspector)).toEqual([
    ['GET /users/:id', '200'],
    ['GET Not Found', '404'],
  ]);
});

test('beside tracing, a span of the application becomes a timing of the page view', async () => {
  const { server, inspector } = await start('alongside-tracing', {
    OTEL_TRACES_EXPORTER: 'none',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
  });
  await fetch(`${server.url}/users/7`);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(titlesAndStatuses(inspector)).toEqual([['GET /users/:id', '200']]);
  const [action] = storedBy(inspector);
  expect(action?.time_dom_processing).toBeGreaterThanOrEqual(19);
  expect(action?.time_server).toBeGreaterThanOrEqual(action?.time_dom_processing as number);
});

test('the shop is tracked with its own title and plan, and its health check is not', async () => {
  const { server, inspector } = await start('shop');
  await fetch(`${server.url}/health`);
  await fetch(`${server.url}/orders`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ item: 1, plan: 'pro' }),
  });
  await fetch(`${server.url}/items/99`);
  await fetch(`${server.url}/recommendations`);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(titlesAndStatuses(inspector)).toEqual([
    ['Checkout', '201'],
    ['GET /items/:id', '404'],
    ['GET /recommendations', '500'],
  ]);
  expect(storedBy(inspector)[0]).toMatchObject({
    custom_dimension_3: 'pro',
    custom_var_k3: 'plan',
    custom_var_v3: 'pro',
  });
});

test('a report of the shop is tracked with the times of its steps, a client that left with 499', async () => {
  const { server, inspector } = await start('shop');
  // Not by fetch, which connects once more after an abort and keeps the shop from ending until that is closed.
  const [answer] = (await once(get(`${server.url}/stock/1`), 'response')) as [IncomingMessage];
  answer.destroy();
  await fetch(`${server.url}/reports/2026-05`);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  const stored = new Map(storedBy(inspector).map((action) => [action?.title, action]));
  expect(inspector.hits()).toHaveLength(2);
  expect(stored.get('GET /stock/:id')?.custom_var_v1).toBe('499');
  const report = stored.get('GET /reports/:month');
  expect(report?.custom_var_v1).toBe('200');
  expect(report?.time_dom_processing).toBeGreaterThanOrEqual(14);
  expect(report?.time_dom_completion).toBeGreaterThanOrEqual(0);
  expect(report?.time_on_load).toBeGreaterThanOrEqual(4);
});

async function start(
  example: Example,
  env: Record<string, string> = {},
): Promise<{ server: Server; inspector: Inspector }> {
  const inspector = await startInspector();
  onTestFinished(() => inspector.close());
  const [command, ...args] = startCommand(example).split(' ');
  expect(command).toBe('node');
  const server = await startServer(args, {
    cwd: `${ROOT}examples/${example}`,
    env: { ...env, MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1' },
  });
  return { server, inspector };
}

function startCommand(example: Example): string {
  const { scripts } = JSON.parse(readFileSync(`${ROOT}examples/${example}/package.json`, 'utf8'));
  return scripts.start;
}

/** The commands in the README's shell blocks, without the variables set in front of them. */
function readmeCommands(example: Example): string[] {
  const readme = readFileSync(`${ROOT}examples/${example}/README.md`, 'utf8');
  const blocks = [...readme.matchAll(/^```sh\n(.*?)^```/gms)].map((block) => block[1] as string);
  const lines = blocks.join('').split('\n').filter(Boolean);
  return lines.map((line) => line.replace(/^(?:[A-Z_]+=\S+ )*/, ''));
}

function storedBy(inspector: Inspector): InspectedHit['stored'][] {
  return inspector.hits().map(({ stored }) => stored);
}

function titlesAndStatuses(inspector: Inspector): (string | undefined)[][] {
  return storedBy(inspector).map((action) => [action?.title, action?.custom_var_v1]);
}
