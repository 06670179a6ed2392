import { execFileSync } from 'node:child_process';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createToTrackedQuery } from '../../../src/hit/page/page-url.js';
import { createSentUrls } from '../../../src/hit/page/sent-urls.js';
import { maskAddress } from '../../../src/hit/visitor/addresses.js';
import { createToVisitorId, deriveVisitorKey } from '../../../src/hit/visitor/visitor-id.js';
import { eventually } from '../../support/child-process.js';
import { get, startRegistered } from '../../support/registered-app.js';
import { codeIn, read, rowsWith } from './pages.js';

const PAGE = 'docs/privacy.md';
const VISITOR_PAGE = 'docs/visitor-ids.md';

const URLS = { query: 'redact', siteSearch: false, urlPaths: 'full' } as const;
const urls = createSentUrls({ ...URLS, redactPathPatterns: [] });
const EXAMPLES = rowsWith(PAGE, 'redacted').map((row) =>
  ['sent as it is', 'redacted', 'sent'].map((column) => codeIn(row[column] ?? '')[0] as string),
);

test.each(EXAMPLES)(
  'of the URLs on the page, %s stays, and %s is sent as %s',
  (kept, given, sent) => {
    expect(EXAMPLES).toHaveLength(10);
    for (const [url, expected] of [
      [kept, kept],
      [given, sent],
    ] as const) {
      const [path = '', query] = url.split(/\?(.*)/s);
      const place = { scheme: 'https', host: 'shop.example', query };
      const part = urls.ofRequest(place, urls.pageOf(path).path);
      expect(new URLSearchParams(part).get('url')).toBe(`https://shop.example${expected}`);
      expect(urls.ofAttribute(url)).toBe(expected);
    }
  },
);

test('the list of the page keeps the structured values that are redacted otherwise', () => {
  const [, list = ''] = /^export MATOMO_QUERY=(\S+,\S+)$/m.exec(read(PAGE)) ?? [];
  const toQuery = createToTrackedQuery({ query: list.split(','), siteSearch: false });
  const query = 'filter=%7B%22size%22:42%7D&cursor=eyJwYWdlIjoyfQ==&token=9fK2mQ7x';
  expect(toQuery(query)).toBe(query.replace(/&token=.*/, ''));
});

test.each(rowsWith(PAGE, '`anonymizeIp`'))('addresses are masked as the page says', (row) => {
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
  const env = { MATOMO_TOKEN_AUTH: 'a'.repeat(32), MATOMO_SCHEDULE_DELAY: '50', ...strict };
  const { inspector, app } = await startRegistered('plain-http.cjs', env);
  await (await fetch(`${app.url}/mine`, { headers: { 'Sec-GPC': '1' } })).text();
  await (await fetch(`${app.url}/mine`, { headers: { DNT: '1' } })).text();
  await get(`${app.url}/mail/ada@example.org/6F1C9A52-8A0E-4C6E-9D3B-1F2E3D4C5B6A?page=2`);
  const [hit, ...others] = await eventually(() => inspector.hits().length > 0 && inspector.hits());
  expect(others).toEqual([]);
  expect(hit?.params.cip).toBe('127.0.0.0');
  expect(hit?.stored?.url).toMatch(/:\d+\/mail\/redacted\/redacted$/);
});

test.each([
  ['choices=necessary.statistics', true],
  ['a=b; choices=statistics.marketing; c=d', true],
  ['choices=no-statistics.nostatistics', false],
  ['choices=a; b=statistics', false],
])('with the cookies %s, the example for structured cookies tracks: %s', (cookies, isTracked) => {
  const [, code = ''] = /siteId: (\(request\) =>.*?),\n/s.exec(read(PAGE)) ?? [];
  const siteOf = runInNewContext(code);
  expect(siteOf({ header: () => cookies })).toBe(isTracked ? 1 : undefined);
});
