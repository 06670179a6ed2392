import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { MatomoSpanExporter, MatomoSpanProcessor } from '../src/index.js';
import { OPTIONS } from '../src/options/option-table.js';
import { resolveOptions } from '../src/options/resolve-options.js';
import type { MatomoOptions } from '../src/options.js';
import { VERSION } from '../src/version.js';

const REQUIRED = { url: 'https://matomo.example.org', siteId: 1 };

function resolve(given: MatomoOptions, env: Record<string, string> = {}) {
  const said: string[] = [];
  const say = (message: string) => void said.push(message);
  const diagnostics = {
    info: say,
    warn: say,
    error: say,
    warnOnce: (_key: string, message: unknown) => say(String(message)),
    print: say,
  };
  return { options: resolveOptions(given, env, diagnostics), said };
}

const WRONG: [keyof MatomoOptions, unknown, string][] = [
  ['url', 'matomo.example.org', 'matomo.example.org'],
  ['url', 'ftp://matomo.example.org', 'ftp://matomo.example.org'],
  ['url', 5, '5'],
  ['url', 'https://matomo.example.org/?x=1', 'matomo.example.org'],
  ['siteId', 0, '0'],
  ['siteId', 'one', 'one'],
  ['siteId', 1.5, '1.5'],
  ['siteId', null, 'null'],
  ['tokenAuth', 5, 'number'],
  ['enabled', 'yes', 'yes'],
  ['baseUrl', '/v1', '/v1'],
  ['assumeHttps', 1, '1'],
  ['ignore', /x/, '/x/'],
  ['visitorKey', '', 'text without spaces'],
  ['trackBots', 'no', 'no'],
  ['maxCustomVariables', -1, '-1'],
  ['actionName', '{nonsense}', '{nonsense}'],
  ['actionName', 5, '5'],
  ['ignorePaths', '/a', '/a'],
  ['ignorePatterns', ['('], '('],
  ['ignorePatterns', /x/, '/x/'],
  ['ignoreUserAgents', [5], '5'],
  ['allowedMethods', [], '[]'],
  ['allowedMethods', ['GET POST'], 'GET POST'],
  ['ignoredMethods', 'GET', 'GET'],
  ['routeDetails', [], '[]'],
  ['routeDetails', { '/a': { action_nmae: 'x' } }, 'action_nmae'],
  ['routeDetails', { '/a': 5 }, '5'],
  ['dimensions', { 0: 'http.route' }, '0'],
  ['dimensions', { 1: 5 }, '5'],
  ['dimensions', ['http.route'], 'http.route'],
  ['trustProxy', ['10.0.0.0/99'], '10.0.0.0/99'],
  ['trustProxy', 'nonsense', 'nonsense'],
  ['trustProxy', -1, '-1'],
  ['anonymizeIp', 5, '5'],
  ['visitorId', 'random', 'random'],
  ['userId', '', '""'],
  ['query', 'all', 'all'],
  ['query', [5], '5'],
  ['redactPathPatterns', ['['], '['],
  ['siteSearch', 'maybe', 'maybe'],
  ['doNotTrack', 2, '2'],
  ['errors', 'all', 'all'],
  ['maxQueueBytes', 1, '1'],
  ['exitFlush', 'x', 'x'],
  ['resendUnconfirmed', 'x', 'x'],
  ['beforeSend', true, 'true'],
  ['dryRun', 'yes', 'yes'],
  ['meterProvider', 'global', 'global'],
  ['maxQueueSize', 0, '0'],
  ['maxQueueSize', '1e3', '1e3'],
  ['maxExportBatchSize', 1.5, '1.5'],
  ['scheduledDelayMillis', Number.NaN, 'NaN'],
  ['exportTimeoutMillis', 0, '0'],
  ['shutdownTimeoutMillis', Number.POSITIVE_INFINITY, 'Infinity'],
  ['spool', '', '""'],
  ['spool', 'redis+tls://user:pass@localhost', 'redis+tls://…@localhost'],
  ['spool', 'redis://', 'redis://'],
  ['spoolShards', 0, '0'],
  ['maxSpoolBytes', 1, '1'],
  ['maxSpoolAgeMillis', '7d', '7d'],
  ['dispatcher', {}, '{}'],
];

test.each(WRONG)('%s: %o in code is a TypeError that names both', (name, value, shown) => {
  for (const Target of [MatomoSpanProcessor, MatomoSpanExporter]) {
    const make = () => new Target({ ...REQUIRED, [name]: value });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(name);
    expect(make).toThrow(shown);
    expect(make).toThrow(expect.objectContaining({ code: 'option-wrong' }));
  }
});

test('the table of wrong values has every option', () => {
  expect(new Set<string>(WRONG.map(([name]) => name))).toEqual(
    new Set(Object.keys(OPTIONS).filter((name) => name !== 'record')),
  );
});

test('record is for register alone, and what does the same in code is named', () => {
  expect(() => resolve({ ...REQUIRED, record: 'all' } as never)).toThrow(/recordServerSpans/);
  const { options, said } = resolve(REQUIRED, { MATOMO_RECORD: 'everything' });
  expect(options?.record).toBe('requests');
  expect(said).toEqual([expect.stringContaining('MATOMO_RECORD')]);
});

test('an unknown option is a TypeError with the right name', () => {
  expect(() => resolve({ ...REQUIRED, siteID: 1 } as never)).toThrow(
    /"siteID": did you mean siteId\?/,
  );
});

test('no message holds a token, a password or a query', () => {
  const secrets: MatomoOptions[] = [
    { tokenAuth: 'a s3cret' },
    { visitorKey: 'a s3cret' },
    { url: 'https://u:s3cret@matomo.example.org' },
    { url: 'https://matomo.example.org?token_auth=s3cret' },
    { url: '//u:s3cret@matomo.example.org?s3cret' },
  ];
  for (const secret of secrets) {
    let message = '';
    try {
      resolve({ ...REQUIRED, ...secret });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).not.toBe('');
    expect(message).not.toContain('s3cret');
  }
});

test.each([
  ['https://m.example', 'https://m.example/matomo.php'],
  ['https://m.example/', 'https://m.example/matomo.php'],
  ['https://m.example/matomo.php', 'https://m.example/matomo.php'],
  ['https://m.example/a/piwik.php', 'https://m.example/a/piwik.php'],
  ['http://m.example:8080/stats//', 'http://m.example:8080/stats/matomo.php'],
])('the url %s is %s', (given, url) => {
  expect(resolve({ ...REQUIRED, url: given }).options?.url.href).toBe(url);
});

test('what code does not say comes from the environment, and what that does not say is the default', () => {
  const { options, said } = resolve(
    { maxQueueSize: 5 },
    {
      MATOMO_URL: 'https://env.example',
      MATOMO_SITE_ID: ' 7 ',
      MATOMO_MAX_QUEUE_SIZE: '6',
      MATOMO_ASSUME_HTTPS: '0',
      MATOMO_SCHEDULE_DELAY: '',
    },
  );
  expect(options).toMatchObject({
    siteId: 7,
    maxQueueSize: 5,
    assumeHttps: false,
    scheduledDelayMillis: 5000,
    maxExportBatchSize: 100,
    tokenAuth: undefined,
  });
  expect(said).toEqual([]);
});

test.each([
  [
    'MATOMO_IGNORE_PATTERNS',
    '^/api, /a,b\\/c/i ,/x[/,]/, /api/users',
    'ignorePatterns',
    [/^\/api/, /a,b\/c/i, /x[/,]/, /\/api\/users/],
  ],
  ['MATOMO_IGNORE_PATHS', ' /a , /b,', 'ignorePaths', ['/a', '/b']],
  ['MATOMO_ALLOWED_METHODS', 'get,Propfind', 'allowedMethods', ['GET', 'PROPFIND']],
  [
    'MATOMO_DIMENSIONS',
    '1=http.request.method, 2 = a=b',
    'dimensions',
    { 1: 'http.request.method', 2: 'a=b' },
  ],
  [
    'MATOMO_ROUTE_DETAILS',
    '{"/a":{"action_name":"A"}}',
    'routeDetails',
    { '/a': { action_name: 'A' } },
  ],
  ['MATOMO_TRUST_PROXY', '2', 'trustProxy', 2],
  ['MATOMO_TRUST_PROXY', 'true', 'trustProxy', true],
  ['MATOMO_TRUST_PROXY', 'loopback, 10.0.0.0/8', 'trustProxy', ['loopback', '10.0.0.0/8']],
  ['MATOMO_QUERY', 'strip', 'query', 'strip'],
  ['MATOMO_QUERY', 'page,', 'query', ['page']],
  ['MATOMO_QUERY', 'page, sort', 'query', ['page', 'sort']],
  ['MATOMO_ANONYMIZE_IP', '2', 'anonymizeIp', 2],
  ['MATOMO_USER_ID_ATTRIBUTE', 'enduser.id', 'userId', 'enduser.id'],
  ['MATOMO_DRY_RUN', '1', 'dryRun', true],
  ['MATOMO_SPOOL', './matomo-spool', 'spool', './matomo-spool'],
  ['MATOMO_MAX_SPOOL_BYTES', '1073741824', 'maxSpoolBytes', 1024 ** 3],
  ['MATOMO_MAX_SPOOL_AGE', '86400000', 'maxSpoolAgeMillis', 86_400_000],
] as const)('%s=%s is %s %j', (variable, text, option, value) => {
  const { options, said } = resolve(REQUIRED, { [variable]: text });
  expect(said).toEqual([]);
  expect(options?.[option]).toEqual(value);
});

test.each([
  ['MATOMO_DIMENSIONS', 'http.route', 'http.route'],
  ['MATOMO_ROUTE_DETAILS', '{nonsense', '{nonsense'],
  ['MATOMO_IGNORE_PATTERNS', '(', '('],
  ['MATOMO_QUERY', 'all', 'all'],
])('%s=%s is said and not used', (variable, text, shown) => {
  const { options, said } = resolve(REQUIRED, { [variable]: text });
  expect(options).toBeDefined();
  expect(said).toEqual([expect.stringContaining(variable)]);
  expect(said[0]).toContain(shown);
});

test('a wrong value in the environment is said with its variable, and the default used', () => {
  const { options, said } = resolve(REQUIRED, { MATOMO_MAX_QUEUE_SIZE: 'many' });
  expect(options?.maxQueueSize).toBe(10_000);
  expect(said).toEqual([expect.stringMatching(/MATOMO_MAX_QUEUE_SIZE.*"many"/)]);
});

test.each([
  [{}, {}, /url \(MATOMO_URL\) and siteId \(MATOMO_SITE_ID\)/],
  [{ siteId: 1 }, {}, /set url \(MATOMO_URL\) \[options-missing\]$/],
  [{ siteId: 1 }, { MATOMO_URL: 'nonsense' }, /MATOMO_URL must be a URL/],
])('%o with %o: off, with a line that says what to set', (given, env, line) => {
  const { options, said } = resolve(given, env);
  expect(options).toBeUndefined();
  expect(said.join('\n')).toMatch(line);
});

test('enabled: false says nothing, also where nothing else is set', () => {
  expect(resolve({ enabled: false })).toEqual({ options: undefined, said: [] });
  expect(resolve({}, { MATOMO_ENABLED: 'false' })).toEqual({ options: undefined, said: [] });
});

test('the token may come from a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'matomo-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'token');
  writeFileSync(file, 'abc123\n');
  const { options } = resolve(REQUIRED, { MATOMO_TOKEN_AUTH_FILE: file });
  expect(options?.tokenAuth).toBe('abc123');
  writeFileSync(file, 'def456\n');
  expect(options?.rereadToken?.()).toBe('def456');
  expect(resolve({ ...REQUIRED, tokenAuth: 'x' }).options?.rereadToken).toBeUndefined();
  const missing = resolve(REQUIRED, { MATOMO_TOKEN_AUTH_FILE: `${file}.no` });
  expect(missing.options?.tokenAuth).toBeUndefined();
  expect(missing.said).toEqual([expect.stringContaining('ENOENT')]);
});

test('a processor that is off does nothing and can be asked anything', async () => {
  const processor = new MatomoSpanProcessor({ ...REQUIRED, enabled: false });
  processor.onStart(undefined as never, undefined as never);
  processor.onEnd(undefined as never);
  await processor.forceFlush();
  await processor.shutdown();
  expect(processor.stats()).toMatchObject({ hits: 0, pending: 0 });
});

test('the version in the user agent is that of the package', () => {
  expect(VERSION).toBe(packageJson.version);
});
