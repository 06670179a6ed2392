import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { createToTrackedQuery } from '../../../src/hit/page/page-url.js';
import { createRedactPath } from '../../../src/hit/page/redaction.js';
import { maskAddress } from '../../../src/hit/visitor/addresses.js';
import { createToVisitorId, deriveVisitorKey } from '../../../src/hit/visitor/visitor-id.js';
import { trackEvent } from '../../../src/index.js';
import type { MatomoOptions } from '../../../src/options.js';
import { serverSpan } from '../../support/builders.js';
import { eventually, ROOT } from '../../support/child-process.js';
import { optionsFrom } from '../../support/options-from.js';
import { get, startRegistered } from '../../support/registered-app.js';
import { startExporter } from '../../support/senders.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { startTracedService } from '../../support/traced-service.js';
import { codeIn, PAGES, read, rowsWith } from './pages.js';

const PAGE = 'docs/privacy.md';
const VISITOR_PAGE = 'docs/visitor-ids.md';

const toTrackedQuery = createToTrackedQuery({ query: 'redact', siteSearch: false });

test.each(codeIn(/<!-- secret words -->(.*?)<!-- end -->/s.exec(read(PAGE))?.[1] ?? ''))(
  'the word %s of the page makes a parameter a secret',
  (word) => {
    expect(toTrackedQuery(`acme_${word}=1`)).toBe(`acme_${word}=redacted`);
  },
);

test.each(codeIn(/<!-- secret endings -->(.*?)<!-- end -->/s.exec(read(PAGE))?.[1] ?? ''))(
  'the ending %s of the page makes a parameter a secret',
  (ending) => {
    expect(toTrackedQuery(`acme${ending}=1`)).toBe(`acme${ending}=redacted`);
    expect(toTrackedQuery(`acme${ending}x=1`)).toBe(`acme${ending}x=1`);
  },
);

/** The patterns of an example: in an environment variable, or as regular expressions in code. */
function patternsIn(text: string): readonly RegExp[] {
  const inCode = text.matchAll(/\b(?:redactPathPatterns|ignorePatterns): \[(.*)\]/g);
  const inVariables = text.matchAll(/\bMATOMO_(?:REDACT_PATH|IGNORE)_PATTERNS='(.*?)'/g);
  return [
    ...[...inCode].flatMap(([, list]) => runInNewContext(`[${list}]`) as RegExp[]),
    ...[...inVariables].flatMap(
      ([, list = '']) =>
        optionsFrom({ MATOMO_REDACT_PATH_PATTERNS: list }).options?.redactPathPatterns ?? [],
    ),
  ];
}

const EXAMPLES = readdirSync(join(ROOT, 'examples'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.[cm]?[jt]s$/.test(file) && !file.includes('node_modules'))
  .map((file) => `examples/${file}`)
  .concat(PAGES);
const PATTERNS = EXAMPLES.flatMap((file) =>
  patternsIn(read(file)).map((pattern) => [file, pattern] as const),
);
/** Each is matched by some. */
const PATHS = [
  '/patients/abcdef12-3456-7890-abcd-ef1234567890',
  '/patients/ada-lovelace/letters/7',
  '/orders/1234567',
  '/internal/a',
  '/app.js.map',
  '/logo.png',
];

test('the examples of the pages have patterns', () => {
  expect(PATTERNS.length).toBeGreaterThanOrEqual(5);
});

test.each(PATTERNS)('a pattern in %s ignores case: %s', (_file, pattern) => {
  const redact = createRedactPath([pattern]);
  const matched = PATHS.filter((path) => redact(path) !== path);
  expect(matched).not.toEqual([]);
  for (const path of matched) {
    expect(redact(path.toUpperCase()).toLowerCase()).toBe(redact(path).toLowerCase());
  }
});

const maskedAddresses = rowsWith(PAGE, '`anonymizeIp`');

test.each(maskedAddresses)('addresses are masked as the page says', (row) => {
  const { '`anonymizeIp`': bytes, ...masked } = row;
  for (const [address, expected] of Object.entries(masked)) {
    expect(maskAddress(address, Number(bytes))).toBe(expected);
  }
});

test('the page computes visitor IDs as the package does', () => {
  const [, code = ''] = /```js\n(const \{ hash \}.*?)```/s.exec(read(VISITOR_PAGE)) ?? [];
  const env = { ...process.env, MATOMO_TOKEN_AUTH: 'a-token' };
  const printed = execFileSync(process.execPath, ['-e', code], { env, encoding: 'utf8' });
  const client = { address: '198.51.0.0', userAgent: 'curl/8', site: 1 };
  const startMillis = Date.UTC(2026, 10, 20, 12);
  const toVisitorId = createToVisitorId(deriveVisitorKey('a-token'));
  expect(printed).toBe(`${toVisitorId({ ...client, startMillis })}\n`);
});

test('the strict setup keeps what the page says from Matomo', async () => {
  const [strictSetup = ''] = /```sh\n.*?```/s.exec(read(PAGE)) ?? [];
  const exported = [...strictSetup.matchAll(/^export (MATOMO_\w+)='?(.*?)'?$/gm)];
  expect(exported.length).toBeGreaterThan(3);
  const strict = Object.fromEntries(exported.map(([, name, value]) => [name, value]));
  const token = { MATOMO_TOKEN_AUTH: 'a'.repeat(32), MATOMO_SCHEDULE_DELAY: '50' };
  const { inspector, app } = await startRegistered('plain-http.cjs', {
    ...token,
    ...strict,
  });
  await (await fetch(`${app.url}/mine`, { headers: { 'Sec-GPC': '1' } })).text();
  await (await fetch(`${app.url}/mine`, { headers: { DNT: '1' } })).text();
  await get(`${app.url}/mail/ada@example.org/6f1c9a52-8a0e-4c6e-9d3b-1f2e3d4c5b6a?page=2`);
  const [hit, ...others] = await eventually(() => inspector.hits().length > 0 && inspector.hits());
  expect(others).toEqual([]);
  expect(hit?.params.cip).toBe('127.0.0.0');
  expect(hit?.stored?.url).toMatch(/:\d+\/mail\/redacted\/redacted$/);
});

test('functions get the request as it came, and what they return is sent as it is', async () => {
  const seen: unknown[] = [];
  const service = await startTracedService((_request, response) => void response.end(), {
    tokenAuth: 'a'.repeat(32),
    trustProxy: true,
    anonymizeIp: 4,
    query: 'strip',
    urlPaths: 'template',
    redactPathPatterns: [/max/],
    siteId({ address }) {
      seen.push(address);
      return 1;
    },
    ignore({ address }) {
      seen.push(address);
      return false;
    },
    userId: ({ address }) => address,
    actionName: ({ path }) => path,
    dimensions: { 1: ({ path, query }) => `${path}?${query}` },
  });
  const [address, path] = ['198.51.100.23', '/max/4711?token=x'];
  const [hit] = await service.visit(path, { headers: { 'x-forwarded-for': address } });
  expect(seen).toEqual([address, address]);
  expect(hit?.params).toMatchObject({
    cip: '0.0.0.0',
    url: expect.stringMatching(/\/redacted\/:id$/),
    uid: address,
    action_name: '/max/4711',
    dimension1: path,
  });
});

/** The visitor ID that a process makes of one client. */
async function visitorIdOf(
  options: MatomoOptions,
  address = '192.0.2.1',
): Promise<string | undefined> {
  const { inspector, exporter } = await startExporter(options);
  exporter.export([serverSpan('/a', { 'network.peer.address': address })], () => undefined);
  await exporter.forceFlush();
  return inspector.hits()[0]?.params.cid;
}

test.each<[MatomoOptions, MatomoOptions, boolean]>([
  [{ visitorKey: 'a' }, { visitorKey: 'a', tokenAuth: 'b' }, true],
  [{ visitorKey: 'a' }, { visitorKey: 'b' }, false],
  [{ tokenAuth: 'a' }, { tokenAuth: 'a' }, true],
  [{ tokenAuth: 'a' }, { tokenAuth: 'b' }, false],
  [{}, {}, false],
])('processes with %j and %j make the same visitor IDs: %j', async (one, other, isSame) => {
  const [id, otherId] = [await visitorIdOf(one), await visitorIdOf(other)];
  expect(id).toMatch(/^[\da-f]{16}$/);
  expect(id === otherId).toBe(isSame);
});

test('without a token visitors are apart, and with anonymizeIp: 4 they are one', async () => {
  const visitorsWith = async (options: MatomoOptions) => {
    const withKey = { visitorKey: 'a', ...options };
    const addresses = ['192.0.2.1', '198.51.100.23'];
    return new Set(await Promise.all(addresses.map((address) => visitorIdOf(withKey, address))));
  };
  expect((await visitorsWith({})).size).toBe(2);
  expect((await visitorsWith({ tokenAuth: 'a'.repeat(32), anonymizeIp: 4 })).size).toBe(1);
});

test('of GraphQL, the name of the operation is sent, but neither variables nor the query', async () => {
  const service = await startTracedService((_request, response) => {
    const span = trace.getTracer('a').startSpan('graphql.execute');
    span.setAttributes({
      'graphql.operation.name': 'FindPatient',
      'graphql.operation.type': 'query',
      'graphql.source': 'query FindPatient { secret-source }',
      'graphql.variables.0.name': 'secret-variable',
    });
    span.end();
    response.end();
  });
  const body = '{"variables":{"a":"secret-body"}}';
  const [hit] = await service.visit('/graphql', { method: 'POST', body });
  expect(hit?.params.action_name).toBe('POST /graphql FindPatient');
  expect(JSON.stringify(hit)).not.toContain('secret-');
});

test('the search that the page shows finds the hits of a user in the spool', async () => {
  const spool = temporaryFolder();
  const service = await startTracedService((_request, response) => void response.end(), {
    spool,
    url: 'http://127.0.0.1:9/',
  });
  for (const uid of ['max@example.org', 'ada@example.org']) trackEvent('a', 'b', { uid });
  await service.processor.shutdown();
  const [inText = ''] = /grep ada\S*(?=`)/.exec(read(PAGE)) ?? [];
  const found = execFileSync('sh', ['-c', `${inText} -r ${spool}`], {
    encoding: 'utf8',
  });
  expect(found).toContain('uid=ada%40example.org');
  expect(found).not.toContain('max%40');
});

test.each([
  ['choices=necessary.statistics', true],
  ['a=b; choices=statistics.marketing; c=d', true],
  ['choices=statistics', true],
  ['choices=necessary', false],
  ['choices=no-statistics.nostatistics', false],
  ['choices=statistics-off', false],
  ['choices=nostatistics', false],
  ['mychoices=statistics', false],
  ['choices=a; b=statistics', false],
  [undefined, false],
])('with the cookies %s, the example for structured cookies tracks: %s', (cookies, isTracked) => {
  const [, code = ''] = /siteId: (\(request\) =>.*?),\n/s.exec(read(PAGE)) ?? [];
  const siteOf = runInNewContext(code);
  expect(siteOf({ header: () => cookies })).toBe(isTracked ? 1 : undefined);
});
