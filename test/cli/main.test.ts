import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { createToUserId } from '../../src/cli/pseudonym.js';
import { createToPseudonym } from '../../src/hit/visitor/pseudonym.js';
import type { InspectedHit } from '../../src/inspector/index.js';
import { VERSION } from '../../src/version.js';
import { eventually, startServer } from '../support/child-process.js';
import { environmentOf, MAIN, runCli } from '../support/cli.js';
import { setEnvironment } from '../support/environment.js';
import { sendSpans } from '../support/gateway.js';
import { jwt } from '../support/jwt.js';
import { exportRequest, requestSpan } from '../support/otlp-spans.js';
import { startPlayedMatomo } from '../support/played-matomo.js';
import { startMatomoSite } from './matomo-site.js';

test('inspect prints each hit once as it comes, and behaves as its flags say', async () => {
  const flags = ['--port', '0', '--dimensions', '1,2', '--custom-variables'];
  const inspector = await startServer([MAIN, 'inspect', ...flags]);
  for (const [query, printed] of [
    ['ua=x&action_name=GET%20%2Fa', 'GET /a'],
    ['ua=x&action_name=c&dimension2=x&dimension3=x&cvar={"1":["a","b"]}', ' c '],
  ] as const) {
    await fetch(`${inspector.url}/matomo.php?idsite=1&rec=1&${query}`);
    await eventually(() => inspector.stdout().includes(printed));
  }
  expect(inspector.stdout().match(/GET \/a/g)).toHaveLength(1);
  const hits = (await (await fetch(`${inspector.url}/hits`)).json()) as InspectedHit[];
  expect(Object.keys(hits.at(-1)?.droppedParameters ?? {})).toEqual(['dimension3']);
  await fetch(`${inspector.url}/matomo.php?idsite=1&rec=1&ua=x&action_name=last`);
  expect(await inspector.stop('SIGINT')).toEqual({ code: 0, signal: null });
  expect(inspector.stdout()).toContain(' last ');
});

test('a command does its work although nobody reads its output', async () => {
  const matomo = await startMatomoSite();
  const { PATH = '' } = process.env;
  const env = { PATH, ...environmentOf(matomo) };
  const child = spawn(process.execPath, [MAIN, 'setup', '--yes'], { env });
  onTestFinished(() => void child.kill('SIGKILL'));
  for (const name of ['stdout', 'stderr'] as const) child[name].destroy();
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(matomo.writes()).toHaveLength(4);
});

test('gateway sends what it has accepted if it is ended by SIGHUP, even if that comes again', async () => {
  const inspector = await startPlayedMatomo();
  const env = { MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1' };
  const gateway = await startServer([MAIN, 'gateway', '--listen', '127.0.0.1:0'], { env });
  inspector.play({ delayMillis: 500 });
  await sendSpans(gateway, exportRequest([requestSpan('/a')]));
  gateway.kill('SIGHUP');
  await eventually(() => inspector.hits().length === 1);
  expect(await gateway.stop('SIGHUP')).toEqual({ code: 0, signal: null });
  const stats = JSON.parse(gateway.stdout().trim().split('\n').at(-1) ?? '');
  expect(stats).toMatchObject({ hits: 1, tracked: 1 });
});

const COMMANDS = ['setup', 'doctor', 'inspect', 'gateway'];

test.each<[args: string[], names: string[]]>([
  [[], COMMANDS],
  ...COMMANDS.map((name): [string[], string[]] => [[name, '--help'], [name]]),
  [['help', 'doctor'], ['doctor']],
])('%j prints help for %j, which fits a screen', async (args, names) => {
  const { code, stdout, stderr } = await runCli(args);
  expect([code, stderr]).toEqual([0, '']);
  const commands = [...stdout.matchAll(/^ *npx opentelemetry-matomo (\w+) /gm)];
  expect([...new Set(commands.map(([, name]) => name))]).toEqual(names);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.length).toBeLessThan(28);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

test('--version prints the version', async () => {
  expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: `${VERSION}\n` });
});

const SITES = { MATOMO_URL: 'http://a.test', MATOMO_SITE_ID: 'a=1' };
const USAGE = /\nSee npx opentelemetry-matomo( \w+)? --help\n$/;

test.each<[args: string, code: number, error: string | RegExp, env?: Record<string, string>]>([
  ['nonsense', 2, 'no command "nonsense"'],
  ['doctor -- --json', 2, '--json'],
  ['setup --json', 2, '--json'],
  ['setup --yes', 2, 'MATOMO_SITE_ID to one ID', SITES],
  ['inspect --port 65536', 2, '--port must be a whole number from 0 to 65535'],
  ['inspect --dimensions 1,x', 2, '--dimensions must be'],
  ['pseudonym key5ec2e7', 2, /^(?!.*5ec2e7).*pipe/s, { MATOMO_VISITOR_KEY: 'a-visitor-key' }],
  // These are no usage.
  ['gateway', 1, 'MATOMO_GATEWAY_LISTEN must be', { MATOMO_GATEWAY_LISTEN: 'x' }],
  ['inspect --host 192.0.2.1 --port 0', 1, /: listen EADDRNOTAVAIL/],
])('`%s` ends with code %i and a line that says why: %s', async (line, exit, error, env) => {
  const args = line.split(' ');
  const { code, stdout, stderr } = await runCli(args, env);
  expect([code, stdout]).toEqual([exit, '']);
  expect(stderr).toMatch(error);
  const [, command] = USAGE.exec(stderr) ?? [];
  expect(USAGE.test(stderr)).toBe(exit === 2);
  if (exit === 2) expect(command).toBe(args.length > 1 ? ` ${args[0]}` : undefined);
});

test('doctor --json prints its error as JSON, and nothing else', async () => {
  const { stderr, stdout } = await runCli(['doctor', '--json', '--sned']);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({ error: expect.stringContaining('--sned') });
});

const KEYED = { MATOMO_VISITOR_KEY: 'a-visitor-key' };
const CLAIM = { ...KEYED, MATOMO_USER_ID: 'jwt.sub' };
const CREDENTIALS = { ...KEYED, MATOMO_USER_ID: 'http.request.header.authorization' };
const PSEUDONYM_OF = createToPseudonym('a-visitor-key');

test.each([
  [CREDENTIALS, 'Basic key5ec2e7', 'key5ec2e7'],
  [CLAIM, jwt({ sub: 'ann' }), 'ann'],
])('pseudonym makes the user ID of a value: %#', (env, input, value) => {
  setEnvironment(env);
  expect(createToUserId()(input)).toBe(PSEUDONYM_OF(value));
});

test.each([
  [{}, 'key5ec2e7', '[user-id-key]'],
  [KEYED, jwt({ sub: 'key5ec2e7' }), '[user-id-token]'],
  // The message of the parser would quote it.
  [CLAIM, `Bearer e30.${btoa('{"sub":"key5ec2e7')}.c2ln`, '[user-id-token]'],
  [KEYED, 'null', 'names nobody'],
])('pseudonym shows nothing of a value without a user ID: %#', (env, input, shown) => {
  setEnvironment(env);
  const make = () => createToUserId()(input);
  expect(make).toThrow(shown);
  expect(make).toThrow(/^(?!.*(?:5ec2e7|eyJ))/);
});

test('pseudonym reads the first line of a pipe', () => {
  const { PATH = '' } = process.env;
  const options = { input: 'key5ec2e7\nmore', env: { PATH, ...KEYED } };
  const { status, stdout } = spawnSync(process.execPath, [MAIN, 'pseudonym'], options);
  expect([status, String(stdout)]).toEqual([0, `${PSEUDONYM_OF('key5ec2e7')}\n`]);
});
