import { expect, test } from 'vitest';
import { parseArguments } from '../../../src/cli/setup/wanted.js';
import { environmentOf, runSetup, runSetupAsJson } from '../../support/cli.js';
import { startMatomoSite } from '../matomo-site.js';

const BASE = ['Failed endpoint', 'HTTP status', 'HTTP method', 'Route'];
const CONSUMERS = ['Client', 'Client version'];
const MCP = ['Tool', 'MCP client'];

test.each([
  [[], BASE, []],
  [['--segments'], BASE, ['HTTP status=^5', 'HTTP status==404', 'userId==']],
  [['--consumers', '--yes', '--consumers'], [...BASE, ...CONSUMERS], []],
  [['--consumers', '--mcp'], [...MCP, ...BASE, ...CONSUMERS], ['pageTitle=^MCP%20']],
])(
  'with %j, there are these dimensions and segments, in the order of the flags',
  (args, names, conditions) => {
    const { dimensions, segments } = parseArguments(args);
    expect(dimensions.map(({ name }) => name)).toEqual(names);
    const written = segments.map(({ dimension = '', condition }) => dimension + condition);
    expect(written).toEqual(conditions);
  },
);

test('a goal has a name and a pattern, in which there may be further =', () => {
  const goals = [{ name: 'Paid', pattern: '/pay?a=b' }];
  expect(parseArguments(['--goal', ' Paid = /pay?a=b ']).goals).toEqual(goals);
});

test.each<[Record<string, string>, string[], string]>([
  [{ MATOMO_URL: '' }, [], 'set MATOMO_URL'],
  [{ MATOMO_HEADERS: 'x' }, [], 'MATOMO_HEADERS must be'],
  [{ MATOMO_EXPORT_TIMEOUT: 'x' }, [], 'MATOMO_EXPORT_TIMEOUT must be'],
  [{ MATOMO_SITE_ID: '' }, [], 'set MATOMO_SITE_ID'],
  [{ MATOMO_SITE_ID: 'a=1,b=2' }, ['--yes'], 'MATOMO_SITE_ID'],
  [{ MATOMO_SETUP_TOKEN: '' }, [], '--token-file FILE, MATOMO_SETUP_TOKEN'],
  [{}, ['--token-file', '/nowhere/token'], 'ENOENT'],
  [{}, ['now'], 'now'],
  [{}, ['--create-site', 'API'], '--create-site NAME and --site-url URL'],
  [{}, ['--site-url', 'https://x.example'], '--create-site NAME and --site-url URL'],
  [{}, ['--create-site', 'API', '--site-url', 'x.example'], '--site-url must be a URL'],
  [{}, ['--goal', 'Orders'], '--goal must be NAME=PATTERN'],
  [{}, ['--goal', ' =/orders'], '--goal must be NAME=PATTERN'],
  [{}, ['--goal', 'Orders= '], '--goal must be NAME=PATTERN'],
  [{}, ['--weekly-report', 'team'], '--weekly-report must be an email address'],
  [{}, ['--goal', 'A=/a', '--goal', 'a=/b'], 'twice'],
])(
  'the environment %o with %j is a usage error, and Matomo is not asked',
  async (given, args, message) => {
    const matomo = await startMatomoSite();
    const { code, stderr, stdout } = await runSetup({ ...environmentOf(matomo), ...given }, args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('not used');
    expect(stdout).toBe('');
    expect(matomo.requests).toEqual([]);
  },
);

test('with --json a usage error is in the object', async () => {
  const { code, result } = await runSetupAsJson({});
  expect(code).toBe(2);
  expect(result).toMatchObject({ plan: [], applied: false, error: 'set MATOMO_URL' });
});
