import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { doctor } from '../../src/cli/doctor.js';
import { gateway } from '../../src/cli/gateway.js';
import { inspect } from '../../src/cli/inspect.js';
import { replay } from '../../src/cli/replay.js';
import { spool } from '../../src/cli/spool.js';
import { isUsageError } from '../../src/cli/usage-error.js';
import { createToPseudonym } from '../../src/hit/visitor/pseudonym.js';
import { MatomoSpanExporter } from '../../src/index.js';
import { VERSION } from '../../src/version.js';
import { serverSpan } from '../support/builders.js';
import { eventually, runNode, startServer } from '../support/child-process.js';
import { MAIN } from '../support/cli.js';
import { sendSpans } from '../support/gateway.js';
import { jwt } from '../support/jwt.js';
import { exportRequest, requestSpan } from '../support/otlp-spans.js';
import { matomo } from '../support/registered-app.js';
import { sorted } from '../support/sorted.js';

test('inspect prints each hit as it comes, and shows them at /hits', async () => {
  const inspector = await startServer([MAIN, 'inspect', '--port', '0']);
  const exporter = new MatomoSpanExporter({ url: inspector.url, siteId: 1 });
  for (const path of ['/a', '/b']) {
    exporter.export([serverSpan(path)], () => undefined);
    await exporter.forceFlush();
    await eventually(() => inspector.stdout().includes(`GET ${path}`));
  }
  await exporter.shutdown();
  const hits = (await (await fetch(`${inspector.url}/hits`)).json()) as {
    stored: { title: string };
  }[];
  expect(hits.map(({ stored }) => stored.title)).toEqual(['GET /a', 'GET /b']);
  expect(inspector.stdout().match(/GET \/a/g)).toHaveLength(1);
  expect(await inspector.stop('SIGINT')).toEqual({ code: 0, signal: null });
});

test('inspect --matomo-version says which AI chatbots are known', async () => {
  for (const [version, rows] of [
    ['newest', 1],
    ['5.12', 0],
  ] as const) {
    const args = [MAIN, 'inspect', '--port', '0', '--matomo-version', version];
    const inspector = await startServer(args);
    const query = 'idsite=1&rec=1&recMode=1&url=https%3A%2F%2Fa.test%2F&ua=DuckAssistBot%2F1.2';
    await fetch(`${inspector.url}/matomo.php?${query}`);
    expect(await (await fetch(`${inspector.url}/ai-requests`)).json()).toHaveLength(rows);
    await eventually(() => inspector.stdout().includes(rows === 1 ? 'DuckAssistBot' : 'dropped'));
    expect(await inspector.stop('SIGINT')).toEqual({ code: 0, signal: null });
  }
});

test('inspect --spam-prevention shows why a hit of a cloud was dropped', async () => {
  const args = [MAIN, 'inspect', '--port', '0', '--spam-prevention', 'default'];
  const inspector = await startServer(args);
  await fetch(`${inspector.url}/matomo.php?idsite=1&rec=1&token_auth=t&bots=1&cip=52.94.1.7`);
  await eventually(() => inspector.stdout().includes('cip: '));
  expect(await inspector.stop('SIGINT')).toEqual({ code: 0, signal: null });
});

test('gateway makes hits of what is sent to it, and finishes that when it is told to end', async () => {
  const { inspector, env } = await matomo();
  const gateway = await startServer([MAIN, 'gateway', '--listen', '127.0.0.1:0'], { env });
  expect((await sendSpans(gateway, exportRequest([requestSpan('/a')]))).status).toBe(200);
  expect(await gateway.stop()).toEqual({ code: 0, signal: null });
  expect(inspector.hits().map(({ stored }) => stored?.title)).toEqual(['GET /a']);
  const [, stats = ''] = gateway.stdout().trim().split('\n');
  expect(JSON.parse(stats)).toMatchObject({ hits: 1, tracked: 1, pending: 0 });
});

test('gateway takes the services and scopes that flags or the environment name, and flags win', async () => {
  const { inspector, env } = await matomo();
  const gateway = await startServer(
    [MAIN, 'gateway', '--listen', '127.0.0.1:0', '--services', 'shop, /^stock-/'],
    { env: { ...env, MATOMO_GATEWAY_SERVICES: 'other', MATOMO_GATEWAY_SCOPES: 'test' } },
  );
  for (const name of ['shop', 'stock-eu', 'other']) {
    const body = exportRequest([requestSpan(`/${name}`)], { 'service.name': name });
    expect((await sendSpans(gateway, body)).status).toBe(200);
    const unscoped = body.replace('"scope":{"name":"test"}', '"scope":{"name":"proxy"}');
    expect(unscoped).not.toBe(body);
    expect((await sendSpans(gateway, unscoped)).status).toBe(200);
  }
  expect(await gateway.stop()).toEqual({ code: 0, signal: null });
  expect(sorted(inspector.hits().map(({ stored }) => stored?.title))).toEqual([
    'GET /shop',
    'GET /stock-eu',
  ]);
});

test.each([[[]], [['help']], [['--help']]])(
  '%j prints the commands, no wider than a screen',
  async (args) => {
    const { code, stdout } = await runNode([MAIN, ...args]);
    expect(code).toBe(0);
    const commands = [...stdout.matchAll(/^ +npx opentelemetry-matomo (\w+) /gm)];
    expect(commands.map(([, name]) => name)).toEqual([
      'setup',
      'doctor',
      'inspect',
      'spool',
      'gateway',
    ]);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  },
);

test.each([
  [['nonsense'], 'no command "nonsense"'],
  [['toString'], 'no command "toString"'],
  [['doctor', '--sned'], '--sned'],
  [['gateway', '--listen', 'x'], 'listen must be'],
])('%j is wrong usage: exit code 2 and a line that says why', async (args, line) => {
  const { code, stdout, stderr } = await runNode([MAIN, ...args]);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(line);
  const command = args.length === 1 ? '' : ` ${args[0]}`;
  expect(stderr).toContain(`See npx opentelemetry-matomo${command} --help\n`);
  expect(stderr).not.toContain('register app.js');
});

test.each([
  [inspect, ['here'], 'here'],
  [inspect, ['--colour'], '--colour'],
  [inspect, ['--port', ''], '--port must be a whole number from 0 to 65535'],
  [inspect, ['--port', '65536'], '--port must be a whole number from 0 to 65535'],
  [inspect, ['--port', 'x'], '--port must be a whole number'],
  [inspect, ['--dimensions', '1,x'], '--dimensions must be'],
  [inspect, ['--matomo-version', '5.9'], /--matomo-version .*5\.8\b.*"5\.9"/],
  [inspect, ['--spam-prevention', 'on'], /--spam-prevention .*"on"/],
  [doctor, ['now'], 'now'],
  [spool, [], 'spool status'],
  [spool, ['drain'], 'spool status'],
  [replay, [], 'OTLP JSON'],
  [replay, ['x', '--rate', '0'], '--rate must be'],
  [gateway, ['--services', ','], 'services must be'],
])('%o with %j is wrong usage: %s', async (command, args, line) => {
  const error = await command(args).catch((error: Error) => error);
  expect(isUsageError(error)).toBe(true);
  expect((error as Error).message).toMatch(line);
});

test.each<[string[], Record<string, string>, string]>([
  [['gateway'], {}, 'url and siteId'],
  [['gateway'], { MATOMO_GATEWAY_LISTEN: 'x' }, 'MATOMO_GATEWAY_LISTEN must be'],
  [['spool', 'status'], {}, 'MATOMO_SPOOL'],
  [['spool', 'status'], { MATOMO_SPOOL: 'redis://u:s3cret@127.0.0.1/shop' }, 'database of Redis'],
  [['inspect', '--host', '192.0.2.1', '--port', '0'], {}, 'EADDRNOTAVAIL'],
])('%j with %o fails: exit code 1, and no usage', async (args, env, line) => {
  const { code, stdout, stderr } = await runNode([MAIN, ...args], { env });
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toContain(line);
  expect(stderr).not.toMatch(/--help|s3cret/);
});

test.each([
  ...['setup', 'inspect', 'spool', 'gateway', 'replay'].map((name) => [name, [name, '--help']]),
  ...[['-h'], ['x', '--help']].map((args) => ['doctor', ['doctor', ...args]]),
  ['doctor', ['help', 'doctor']],
] as [name: string, args: string[]][])('the help of %s: %j', async (name, args) => {
  const { env } = await matomo();
  const { code, stdout, stderr } = await runNode([MAIN, ...args], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(new RegExp(`^npx opentelemetry-matomo ${name} `));
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

test.each(['--version', '-v'])('%s prints the version', async (flag) => {
  const { code, stdout } = await runNode([MAIN, flag]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${VERSION}\n` });
});

const KEYED = { MATOMO_VISITOR_KEY: 'a-visitor-key' };
const CLAIM = { ...KEYED, MATOMO_USER_ID: 'jwt.sub' };
const CREDENTIALS = { ...KEYED, MATOMO_USER_ID: 'http.request.header.authorization' };

test.each([
  [KEYED, 'key5ec2e7\nmore', 'key5ec2e7'],
  [CREDENTIALS, 'Basic key5ec2e7', 'key5ec2e7'],
  [CLAIM, 'ann', 'ann'],
  [CLAIM, jwt({ sub: 'ann' }), 'ann'],
])('pseudonym prints the user ID of a value: %#', async (env, input, value) => {
  const { code, stdout, stderr } = await pipe([MAIN, 'pseudonym'], input, env);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toBe(`${createToPseudonym('a-visitor-key')(value)}\n`);
});

test.each([
  [{}, 'key5ec2e7', 1, '[user-id-key]'],
  [{ MATOMO_VISITOR_KEY: 'daily' }, 'key5ec2e7', 1, '[user-id-key]'],
  [KEYED, jwt({ sub: 'key5ec2e7' }), 1, '[user-id-token]'],
  [CLAIM, jwt({ name: 'key5ec2e7' }), 1, '[user-id-token]'],
  // The message of the parser would quote it.
  [CLAIM, `Bearer e30.${btoa('{"sub":"key5ec2e7')}.c2ln`, 1, '[user-id-token]'],
  [KEYED, 'null', 1, ''],
  [KEYED, '', 2, ''],
])('pseudonym prints nothing of a value without a user ID: %#', async (env, input, exit, shown) => {
  const { code, stdout, stderr } = await pipe([MAIN, 'pseudonym'], input, env);
  expect([code, stdout]).toEqual([exit, '']);
  expect(stderr).toContain(shown);
  expect(stderr).not.toMatch(/5ec2e7|eyJ/);
});

/** Runs `node` with this input, which is no terminal. */
function pipe(args: readonly string[], input: string, env: Readonly<Record<string, string>>) {
  const { PATH = '' } = process.env;
  const {
    status: code,
    stdout,
    stderr,
  } = spawnSync(process.execPath, args, {
    input,
    env: { PATH, ...env },
    encoding: 'utf8',
  });
  return { code, stdout, stderr };
}
