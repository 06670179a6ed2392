import { expect, test } from 'vitest';
import { isUsageError } from '../../../src/cli/flags.js';
import { parseArguments } from '../../../src/cli/setup/wanted.js';
import { environmentOf, runSetup, runSetupAsJson } from '../../support/cli.js';
import { startMatomoSite } from '../matomo-site.js';

const BASE = ['Failed endpoint', 'HTTP status', 'HTTP method', 'Route'];
const CONSUMERS = ['Deprecated endpoint', 'Client', 'Client version'];
const MCP = ['Tool', 'MCP client'];

test.each([
  [[], BASE],
  [
    ['--bots', '--consumers'],
    [...BASE, 'Bot', ...CONSUMERS],
  ],
  [
    ['--consumers', '--yes', '--bots'],
    [...BASE, ...CONSUMERS, 'Bot'],
  ],
  [
    ['--bots', '--bots'],
    [...BASE, 'Bot'],
  ],
  [['--mcp'], [...MCP, ...BASE]],
  [
    ['--bots', '--mcp', '--consumers'],
    [...MCP, ...BASE, 'Bot', ...CONSUMERS],
  ],
])('with %j, slots go to dimensions in the order of the flags', (args, names) => {
  expect(parseArguments(args).dimensions.map(({ name }) => name)).toEqual(names);
});

test.each([
  [[], []],
  [['--segments'], ['dimension of HTTP status=^5', 'dimension of HTTP status==404', 'userId==']],
  [
    ['--mcp', '--bots'],
    ['pageTitle=^MCP%20', 'dimension of Bot!='],
  ],
  [['--consumers'], ['dimension of Deprecated endpoint!=']],
])('with %j, there are these segments', (args, definitions) => {
  const { segments } = parseArguments(args);
  const written = segments.map(({ dimension, condition }) =>
    dimension === undefined ? condition : `dimension of ${dimension}${condition}`,
  );
  expect(written).toEqual(definitions);
});

test.each([
  [['--create-site', 'API'], '--create-site NAME and --site-url URL'],
  [['--site-url', 'https://x.example'], '--create-site NAME and --site-url URL'],
  [['--create-site', 'API', '--site-url', 'x.example'], '--site-url must be a URL'],
  [['--goal', 'Orders'], '--goal must be NAME=PATTERN'],
  [['--goal', '=/orders'], '--goal must be NAME=PATTERN'],
  [['--weekly-report', 'team'], '--weekly-report must be an email address'],
  [['--goal', 'A=/a', '--goal', 'a=/b'], 'twice'],
])('%j is a usage error', (args, message) => {
  const parse = () => parseArguments(args);
  expect(parse).toThrow(message);
  expect(parse).toThrow(expect.toSatisfy(isUsageError));
});

test.each<[string, Record<string, string>, string[], string]>([
  ['no URL', { MATOMO_URL: '' }, [], 'set MATOMO_URL'],
  ['headers that are none', { MATOMO_HEADERS: 'x' }, [], 'MATOMO_HEADERS must be'],
  ['an invalid URL', { MATOMO_URL: 'ftp://x' }, [], 'MATOMO_URL must be a URL'],
  ['an invalid time-out', { MATOMO_EXPORT_TIMEOUT: 'x' }, [], 'MATOMO_EXPORT_TIMEOUT must be'],
  ['no site', { MATOMO_SITE_ID: '' }, [], 'set MATOMO_SITE_ID'],
  ['sites of services', { MATOMO_SITE_ID: 'a=1,b=2' }, ['--yes'], 'MATOMO_SITE_ID'],
  [
    'no token and no terminal',
    { MATOMO_SETUP_TOKEN: '' },
    [],
    '--token-file FILE, MATOMO_SETUP_TOKEN',
  ],
  ['a token file that is not there', {}, ['--token-file', '/nowhere/token'], 'ENOENT'],
  ['an argument', {}, ['now'], 'now'],
])('%s is a usage error, and Matomo is not asked', async (_what, given, args, message) => {
  const matomo = await startMatomoSite();
  const { code, stderr, stdout } = await runSetup({ ...environmentOf(matomo), ...given }, args);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain('not used');
  expect(stdout).toBe('');
  expect(matomo.requests).toEqual([]);
});

test('with --json a usage error is in the object', async () => {
  const { code, result } = await runSetupAsJson({});
  expect(code).toBe(2);
  expect(result).toMatchObject({ plan: [], applied: false, error: 'set MATOMO_URL' });
});
