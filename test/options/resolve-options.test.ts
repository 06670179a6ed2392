import { execFileSync, spawn } from 'node:child_process';
import { unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { createGateway } from '../../src/gateway/index.js';
import { MatomoSpanExporter, MatomoSpanProcessor, start } from '../../src/index.js';
import { OPTIONS } from '../../src/options/option-table.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { findServiceSite, type ServiceSites } from '../../src/options/values.js';
import type { MatomoOptions } from '../../src/options.js';
import { VERSION } from '../../src/version.js';
import { collectDiagnostics } from '../support/diagnostics.js';
import { requires } from '../support/skips.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { words } from '../support/words.js';

const REQUIRED = { url: 'https://matomo.example.org', siteId: 1 };

function resolve(given: MatomoOptions, env: Record<string, string> = {}) {
  const { diagnostics, logged } = collectDiagnostics();
  return { options: resolveOptions(given, env, diagnostics), logged };
}

/** `A=1; B=2` as an environment. */
function toEnvironment(variables: string): Record<string, string> {
  return Object.fromEntries(variables.split('; ').map((each) => each.split(/=(.*)/s)));
}

/** A file with this text, until the end of the test. */
function fileWith(text: string): string {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, text);
  return file;
}

/** Values that `every-option.test.ts` does not try. */
test.each<[name: keyof MatomoOptions, value: unknown, shown: string]>([
  ['url', 'ftp://matomo.example.org', 'ftp://matomo.example.org'],
  ['url', 'https://matomo.example.org/?x=1', 'matomo.example.org'],
  ['siteId', 'shop=3,blog', 'shop=3,blog=4'],
  ['siteId', 'shop=3,shop=4', 'shop=3,shop=4'],
  ['siteId', 'shop=0', 'shop=0'],
  ['tokenAuth', '<token>', 'the secret itself'],
  ['visitorKey', 'dayly', '"daily"'],
  ['dimensions', { 3: async () => 'a' }, 'dimensions[3]'],
  ['headers', 'authorization=x', 'not shown'],
  ['headers', new Map([['x-key', 'a']]), 'Object.fromEntries'],
  ['headers', { 'Content-Type': 'text/plain' }, 'content-type'],
  ['consent', 'cookie:consent=', 'cookie:name=value'],
  ['consent', 'cookie:consent=yes;x=y', 'cookie:name=value'],
  ['consent', 'query:consent=yes', 'cookie:name=value'],
  ['routeDetails', { '/a': { dimension0: 'x' } }, 'IDs are 1 to 999'],
  ['routeDetails', { 'GET users': { uid: 'x' } }, '"GET users"'],
  ['routeDetails', { '/a': { cvar: new Map() } }, 'cvar'],
  ['ignoreAddresses', ['10.0.0.0/99'], '10.0.0.0/99'],
  ['ignoreAddresses', ['loopbak'], '"loopbak"'],
  ['allowedMethods', [], 'at least one request method'],
  ['spool', 'redis://localhost?shards=4', 'whose only path is the number of a database'],
  ['spool', 'redis://u:pass@localhost/shop', 'redis://…@localhost/shop'],
])('%s: %o in code is a TypeError that names both', (name, value, shown) => {
  for (const Target of [MatomoSpanProcessor, MatomoSpanExporter]) {
    const make = () => new Target({ ...REQUIRED, [name]: value });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(name);
    expect(make).toThrow(shown);
    expect(make).toThrow(expect.objectContaining({ code: 'option-invalid' }));
  }
});

class Inherited {
  get query() {
    return 'strip';
  }
}

test.each([
  ...[null, [], 'x', new Map()],
  new Inherited(), // its own properties are not all of its options
])('%o instead of options is an error of this package', async (given) => {
  const makers = [
    () => new MatomoSpanProcessor(given as never),
    () => new MatomoSpanExporter(given as never),
    () => start(given as never),
  ];
  for (const make of makers) {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(/^opentelemetry-matomo: .*options/);
    expect(make).toThrow(expect.objectContaining({ code: 'option-invalid' }));
  }
  await expect(createGateway(given as never)).rejects.toThrow(/^opentelemetry-matomo: .*options/);
});

test.each([
  ['siteID', 'siteId'],
  ['tokenAuht', 'tokenAuth'],
])('the unknown option %s is a TypeError that names %s', (name, meant) => {
  const make = () => resolve({ ...REQUIRED, [name]: 1 } as never);
  expect(make).toThrow(new RegExp(`"${name}".*: did you mean ${meant}\\?$`));
  expect(make).toThrow(TypeError);
});

test('sites of services are read from code and from the environment', () => {
  for (const { options, logged } of [
    resolve({ ...REQUIRED, siteId: 'a shop=3,blog=4,*=1' }),
    resolve({}, { MATOMO_URL: REQUIRED.url, MATOMO_SITE_ID: ' a shop = 3, blog=4 ,*=1' }),
  ]) {
    const sites = options?.siteId as ServiceSites;
    const services = ['a shop', 'blog', 'shop', undefined];
    expect(services.map((name) => findServiceSite(sites, name))).toEqual([3, 4, 1, 1]);
    expect([...sites.values()]).toEqual([3, 4, 1]);
    expect(logged).toEqual([]);
  }
});

test.each([
  ['https://m.example', 'https://m.example/matomo.php'],
  ['https://m.example/a/piwik.php', 'https://m.example/a/piwik.php'],
  ['http://m.example:8080/stats//', 'http://m.example:8080/stats/matomo.php'],
])('the url %s is %s', (given, url) => {
  expect(resolve({ ...REQUIRED, url: given }).options?.url.href).toBe(url);
});

const OTHERS = 'MATOMO_DATABASE_HOST=db; MATOMO_GATEWAY_LISTEN=4318; MATOMO_BASE_URLS=; PATH=/bin';

test.each([
  ['MATOMO_MAX_QUEUE_SIZE=many', /MATOMO_MAX_QUEUE_SIZE.*"many"/],
  ['MATOMO_TOKEN=1', /MATOMO_TOKEN\b.*MATOMO_TOKEN_AUTH\?.*\[environment-invalid\]$/],
  ['MATOMO_SCHEDULED_DELAY_MILLIS=1', /MILLIS.*MATOMO_SCHEDULE_DELAY\?.*\[environment-invalid\]$/],
  ['MATOMO_METER_PROVIDER=1', /PROVIDER.*MATOMO_METRICS\?.*\[environment-invalid\]$/],
  ['MATOMO_SITEID=1', /^MATOMO_SITEID .*MATOMO_SITE_ID\b.*\[environment-invalid\]$/],
  // Others may be of a Matomo.
  [`MATOMO_TOKENAUTH_FILE=a; ${OTHERS}`, /^MATOMO_TOKENAUTH_FILE .*MATOMO_TOKEN_AUTH_FILE\b/],
])('%s is logged, and the default is used', (variables, line) => {
  const { options, logged } = resolve(REQUIRED, toEnvironment(variables));
  expect(options).toEqual(resolve(REQUIRED).options);
  expect(logged).toEqual([expect.stringMatching(line)]);
});

test.each<[variables: string, why?: RegExp]>([
  ['MATOMO_ANONYMIZE_IP=yes; MATOMO_DO_NOT_TRACK=yes', /ANONYMIZE_IP.*MATOMO_DO_NOT_TRACK/],
  ['MATOMO_USER_ID=jwt.email'],
  ['MATOMO_USER_ID=http.response.header.x-user'],
  ['MATOMO_DIMENSIONS=4=http.request.header.X-Api-Key'],
  ['MATOMO_DIMENSIONS=4=http.response.header.set-cookie'],
  ['MATOMO_DIMENSIONS=4=mcp.session.id'],
  ['MATOMO_DIMENSIONS=4=mcp.protocol.version', /header\.mcp-protocol-version/],
  ['MATOMO_DIMENSIONS=4=user_agent.bot.name', /header\.user-agent/],
  ['MATOMO_DIMENSIONS=4=matomo.content_format', /response\.header\.content-type/],
  ['MATOMO_DIMENSIONS=4=matomo.deprecated_endpoint', /response\.header\.deprecation/],
  ['MATOMO_DIMENSIONS=4=url.path,5=url.query,4=url.full', /4=url\.path,5=url\.query,4=url\.full/],
  // Parts of these would have no effect.
  ...words(String.raw`\d{6,} /\d{6,} /\d{6,}/x (a,b) ["/a/x"] x,[a,b] ["a",5] ["a" /a/i;/b/i`).map(
    (text): [string, RegExp] => [`MATOMO_IGNORE_PATTERNS=${text}`, /between slashes.*flags are/],
  ),
  // As `docker run --env-file` passes them.
  ["MATOMO_QUERY='strip'", /quotes/],
  [`MATOMO_QUERY=\${SETTING}`, /placeholder/],
  // Perhaps another one was meant.
  ['MATOMO_ANONYMISE_IP=1', /MATOMO_ANONYMISE_IP .*MATOMO_ANONYMIZE_IP/],
  ['matomo_do_not_track=1', /matomo_do_not_track .*MATOMO_DO_NOT_TRACK/],
  ['MATOMO_VISITOR_KEY=Dayly', /MATOMO_VISITOR_KEY .*"daily"/],
  ['MATOMO_DNT=1', /MATOMO_DNT .*MATOMO_DO_NOT_TRACK/],
  ['MATOMO_ANON_IP=1', /MATOMO_ANON_IP .*MATOMO_ANONYMIZE_IP/],
  ['MATOMO_REDACT_PATHS=1', /MATOMO_REDACT_PATHS .*MATOMO_REDACT_PATH_PATTERNS/],
])('with %s, nothing is tracked, and one error says why', (variables, why = /./) => {
  const { options, logged } = resolve(REQUIRED, toEnvironment(variables));
  expect(options).toBeUndefined();
  expect(logged).toEqual([expect.stringMatching(/\[privacy-option-invalid\]$/)]);
  expect(logged[0]).toMatch(why);
});

/** Also values that `every-option.test.ts` does not try. */
test.each<[inCode: MatomoOptions, variables: string, expected: object, line?: RegExp]>([
  [{}, 'MATOMO_SCHEDULE_DELAY=', { scheduledDelayMillis: 5000, maxExportBatchSize: 100 }],
  [{ maxQueueSize: 500 }, 'MATOMO_MAX_QUEUE_SIZE=6', { maxQueueSize: 500 }],
  // A batch is full before the queue is.
  [{ maxQueueSize: 1 }, '', { maxExportBatchSize: 1 }],
  [{ maxQueueSize: 3 }, '', { maxExportBatchSize: 2 }],
  [{}, 'MATOMO_IGNORE_PATHS= /a , /b,', { ignorePaths: ['/a', '/b'] }],
  [{}, 'MATOMO_DIMENSIONS=1=url.path, 2 = a=b', { dimensions: { 1: 'url.path', 2: 'a=b' } }],
  [{}, 'MATOMO_HEADERS=X-Key = a=b', { headers: { 'x-key': 'a=b' } }],
  [{}, 'MATOMO_TRUST_PROXY=Loopback, 10.0.0.0/8\n', { trustProxy: ['loopback', '10.0.0.0/8'] }],
  [{}, 'MATOMO_QUERY= STRIP', { query: 'strip' }],
  ...(
    [
      ['^/internal\n', [/^\/internal/]],
      ['/\\d{6,}/,b', [/\d{6,}/, /b/]],
      ['^/api, /a,b\\/c/i ,/x[/,]/', [/^\/api/, /a,b\/c/i, /x[/,]/]],
      ['["\\\\d{6,}","/a{1,2}/i"]', [/\d{6,}/, /a{1,2}/i]],
      ['[]', []],
      ['[a-z]', [/[a-z]/]],
      ['/\\d+/edit', [/\/\d+\/edit/]],
    ] as const
  ).map(([text, ignorePatterns]): [object, string, object] => [
    {},
    `MATOMO_IGNORE_PATTERNS=${text}`,
    { ignorePatterns },
  ]),
  [{}, 'MATOMO_IGNORE_PATHS=["/a,b", "/c"]', { ignorePaths: ['/a,b', '/c'] }],
  [{}, 'MATOMO_TOKEN_AUTH= c0ffee\n', { tokenAuth: 'c0ffee' }],
  [{}, 'MATOMO_DRY_RUN= ', { dryRun: false }],
  [{}, `MATOMO_ACTION_NAME="{method}" "{path}"`, { actionName: '"{method}" "{path}"' }],
  [{ anonymizeIp: 3 }, 'MATOMO_ANONYMIZE_IP=yes', { anonymizeIp: 3 }],
  [{ anonymizeIp: 2 }, 'MATOMO_ANONYMISE_IP=3', { anonymizeIp: 2 }, /MATOMO_ANONYMIZE_IP\b/],
  [{}, 'MATOMO_ANONYMIZE_IP=2; MATOMO_ANONYMISE_IP=3', { anonymizeIp: 2 }, /_ANONYMIZE_IP\b/],
])('%o in code with %s is tracked as %o', (inCode, variables, expected, line) => {
  const { options, logged } = resolve({ ...REQUIRED, ...inCode }, toEnvironment(variables));
  expect(options).toMatchObject(expected);
  expect(logged.join()).toMatch(line ?? /^$/);
  if (line) expect(logged).toEqual([expect.stringMatching(/\[environment-invalid\]$/)]);
});

test('headers in options are read in any case, and names that are no secrets are allowed', () => {
  const { options, logged } = resolve(REQUIRED, {
    MATOMO_DIMENSIONS: '1=http.request.header.X-App-Version,2=http.request.header.x-keyboard',
    MATOMO_USER_ID: 'http.request.header.X-Api-Key',
    MATOMO_VISITOR_KEY: 'a-key',
  });
  expect(logged).toEqual([]);
  const [version, keyboard] = ['x-app-version', 'x-keyboard'].map(
    (name) => `http.request.header.${name}`,
  );
  expect(options?.dimensions).toEqual({ 1: version, 2: keyboard });
  expect(options?.userId).toBe('http.request.header.x-api-key');
});

test.each([
  [{}, 1],
  [{ visitorKey: 'daily' }, 1],
  [{ visitorKey: 'daily', tokenAuth: 'a-token' }, 1],
  [{ visitorKey: 'a-key' }, 0],
  [{ tokenAuth: 'a-token' }, 0],
] as const)('user IDs of a header without a key that stays are one error: %j', (given, errors) => {
  for (const userId of ['http.request.header.x-api-key', 'jwt.sub']) {
    const { options, logged } = resolve({ ...REQUIRED, ...given, userId });
    expect(options).toBeDefined();
    expect(logged.filter((message) => message.includes('[user-id-key]'))).toHaveLength(errors);
    expect(logged).toHaveLength(errors);
    // With the key `daily`, it would not help.
    expect(logged.join()).not.toContain('tokenAuth');
  }
});

const INVALID = {
  MATOMO_QUERY: 'all',
  MATOMO_SITEID: '1',
  MATOMO_MAX_QUEUE_SIZE: 'many',
  MATOMO_TOKEN_AUTH_FILE: '/nowhere',
};

test.each<[MatomoOptions, Record<string, string>]>([
  [REQUIRED, { ...INVALID, MATOMO_ENABLED: 'false' }],
  [{}, { MATOMO_ENABLED: 'false' }],
  [{ enabled: false }, {}],
])('switched off, nothing is logged of what is missing or invalid: %o, %o', (given, env) => {
  expect(resolve(given, env)).toEqual({ options: undefined, logged: [] });
});

test.each([
  [{}, {}, /url \(MATOMO_URL\), siteId \(MATOMO_SITE_ID\).* \[options-missing\]$/],
  [{ siteId: 1 }, { MATOMO_URL: 'nonsense' }, /MATOMO_URL must be a URL/],
])('%o with %o: off, with a line that says what to set', (given, env, line) => {
  const { options, logged } = resolve(given, env);
  expect(options).toBeUndefined();
  expect(logged.join('\n')).toMatch(line);
});

const LONG = 'x'.repeat(200);

test.each([
  ...['c0ffee00c0ffee00c0ffee00c0ffee00', `${LONG}9`, 'sk-proj-kX3vQ9bT2mN7pL5wZ8rY'],
  ...['u:S3cr3t@h', 'https://u:S3cr3t@h/x', `u:S3cr3t${LONG}@h`, 'u:S3"c r3t@h', 'u:S3?c#r3t@h'],
])('no message shows %s, whichever option it was given to', (value) => {
  const inCode: object[] = [{ ...REQUIRED, headres: value }, [value]];
  for (const [name, { env }] of Object.entries(OPTIONS)) {
    const asCode = [value, [value], { [value]: value }, { 1: { a: value } }];
    inCode.push(...asCode.map((wrong) => ({ ...REQUIRED, [name]: wrong })));
    if (env === undefined) continue;
    for (const text of [value, `1=${value}`, `${value}=1`, `a,${value}`, `[${value}`]) {
      expect(resolve({}, { [env]: text }).logged.join()).not.toMatch(SECRET);
    }
  }
  for (const options of inCode)
    expect(messageOf(() => resolve(options as MatomoOptions))).not.toMatch(SECRET);
});

const SECRET = /c0ffee00c|x{20}|kX3vQ|S3|r3t/;

function messageOf(act: () => unknown): string {
  try {
    act();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

test('the token may come from a file, and is read again; if that fails, one line is logged', () => {
  const file = fileWith('abc123\n');
  const env = { MATOMO_TOKEN_AUTH: ' ', MATOMO_TOKEN_AUTH_FILE: `${file}\n` };
  const { options, logged } = resolve(REQUIRED, env);
  expect(options?.tokenAuth).toBe('abc123');
  writeFileSync(file, 'def456\n');
  expect(options?.rereadToken?.()).toBe('def456');
  expect(logged).toEqual([]);
  unlinkSync(file);
  expect(options?.rereadToken?.()).toBeUndefined();
  expect(options?.rereadToken?.()).toBeUndefined();
  expect(logged).toEqual([expect.stringMatching(/_FILE .*\(ENOENT\)\. .*\[token-file\]$/)]);
  for (const given of [{ ...REQUIRED, tokenAuth: 'x' }, REQUIRED])
    expect(resolve(given, { ...env, MATOMO_TOKEN_AUTH: 'x' }).options?.rereadToken).toBeUndefined();
});

test('a token is not read from a pipe: who reads it a second time would wait forever', () => {
  requires('a POSIX shell');
  const pipe = join(temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const writer = spawn('sh', ['-c', 'echo abc123 > "$0"', pipe]);
  onTestFinished(() => void writer.kill());
  const { options, logged } = resolve(REQUIRED, { MATOMO_TOKEN_AUTH_FILE: pipe });
  expect(options?.tokenAuth).toBeUndefined();
  expect(logged).toEqual([expect.stringMatching(/_FILE .*\(it is a pipe\)\. .*\[token-file\]$/)]);
});

test('the visitor key may come from a file', () => {
  const file = fileWith('a-secret\n');
  const env = { MATOMO_VISITOR_KEY_FILE: file };
  expect(resolve(REQUIRED, env).options?.visitorKey).toBe('a-secret');
  expect(resolve(REQUIRED, { ...env, MATOMO_VISITOR_KEY: 'x' }).options?.visitorKey).toBe('x');
  writeFileSync(file, 'two words');
  expect(resolve(REQUIRED, env)).toEqual({
    options: undefined,
    logged: [expect.stringMatching(/^MATOMO_VISITOR_KEY_FILE .*\[privacy-option-invalid\]$/)],
  });
});

test.each<[variable: string, make: () => string, line: RegExp, isTracked: boolean]>([
  ['MATOMO_TOKEN_AUTH_FILE', () => fileWith('\n'), /empty.*\[environment-invalid\]$/, true],
  ['MATOMO_TOKEN_AUTH_FILE', () => 'c0ffee', /ENOENT.*\[token-file\]$/, true],
  ['MATOMO_VISITOR_KEY_FILE', () => 'c0ffee', /ENOENT.*\[privacy-option-invalid\]$/, false],
])(
  '%s: what is written instead of the path of a file with a secret is not shown (%#)',
  (variable, make, line, isTracked) => {
    const path = make();
    const { options, logged } = resolve(REQUIRED, { [variable]: path });
    expect(logged).toEqual([expect.stringMatching(line)]);
    expect(logged[0]).toContain(variable);
    expect(logged[0]).not.toContain(path);
    expect(options !== undefined).toBe(isTracked);
  },
);

test('the version in the user agent is that of the package', () => {
  expect(VERSION).toBe(packageJson.version);
});
