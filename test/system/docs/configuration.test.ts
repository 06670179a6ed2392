import { expect, test } from 'vitest';
import type { HttpRequest } from '../../../src/hit/http-request.js';
import { createToOrigin } from '../../../src/hit/visitor/forwarded-origin.js';
import { HIT_OPTIONS, httpRequest, parametersOf, reasonToIgnore } from '../../support/builders.js';
import { optionsFrom } from '../../support/options-from.js';
import { codeIn, PAGES, read, rowsWith } from './pages.js';

const page = read('docs/configuration.md');

test.each([
  ['a website', 1],
  ['an API', 2],
])('the recommended settings for %s are valid', (_what, column) => {
  const [, table = ''] = page.split('## Recommended settings');
  const rows = [...table.matchAll(/^\| \[`(MATOMO_\w+)`\].*$/gm)].map(([row, name = '']) => {
    const [, ...values] = row.slice(0, -' |'.length).split(' | ');
    const value = values[column - 1]?.replaceAll('`', '').replace('…', '0'.repeat(32)) ?? '';
    return [name, value] as const;
  });
  const env = Object.fromEntries(rows.filter(([, value]) => value !== '–'));
  expect(Object.keys(env).length).toBeGreaterThan(4);
  const { options, logged } = optionsFrom(env, { url: 'https://matomo.example.org', siteId: 1 });
  expect(options).toBeDefined();
  expect(logged).toEqual([]);
});

const PROXIES = 'docs/proxies.md';
const trusted = rowsWith(PROXIES, '`X-Forwarded-For`').map((row) => ({
  trusts: codeIn(row['`trustProxy`'] ?? '')[0] as string,
  forwardedFor: codeIn(row['`X-Forwarded-For`'] ?? '')[0] as string,
  address: row.address,
}));

test.each(trusted)('who trusts $trusts takes $forwardedFor for $address', (row) => {
  const { trusts, forwardedFor, address } = row;
  const toOrigin = createToOrigin({ trustProxy: trustProxyOf(trusts), assumeHttps: true });
  const header = (name: string) => (name === 'x-forwarded-for' ? forwardedFor : undefined);
  const claims = {
    peerAddress: '10.0.0.5',
    host: undefined,
    scheme: undefined,
    headers: { header },
  };
  expect(toOrigin(claims).address).toBe(address);
});

test.each(
  rowsWith(PROXIES, '`MATOMO_TRUST_PROXY`').flatMap((row) =>
    row['`MATOMO_TRUST_PROXY`']?.startsWith('`') ? codeIn(row['`MATOMO_TRUST_PROXY`']) : [],
  ),
)('%s is a value that the environment takes', (value) => {
  expect(trustProxyOf(value)).not.toBe(false);
});

function trustProxyOf(value: string): boolean | number | readonly string[] {
  const { options, logged } = optionsFrom({ MATOMO_TRUST_PROXY: value });
  expect(logged).toEqual([]);
  return options?.trustProxy ?? false;
}

/** What an example does to requests: why it ignores one, or which text is sent and which is not. */
interface Effect {
  readonly request: Partial<HttpRequest>;
  readonly ignored?: string;
  readonly sent?: string;
  readonly hidden?: string;
}

const ON_A_PATH = { route: undefined };
const paths = (reason: string, ...list: string[]): Effect[] =>
  list.map((path) => ({ request: { ...ON_A_PATH, path }, ignored: reason }));

const EFFECTS: Readonly<Record<string, readonly Effect[]>> = {
  'MATOMO_IGNORE_PATHS=/metrics': paths('path', '/metrics', '/metrics/'),
  'MATOMO_IGNORE_PATHS=/health,/metrics': paths('path', '/health', '/metrics/'),
  'MATOMO_IGNORE_PATHS=/ready,/live': paths('path', '/ready', '/live'),
  'MATOMO_IGNORE_PATHS=/healthz,/readyz': paths('path', '/healthz', '/readyz'),
  'MATOMO_IGNORE_PATTERNS=/^\\/internal\\//i,/\\.[a-z]{2,3}$/i': paths(
    'pattern',
    '/INTERNAL/a',
    '/a.JS',
  ),
  'MATOMO_IGNORE_PATTERNS=/^\\/internal\\//i,/\\.map$/i': paths('pattern', '/INTERNAL/a', '/a.MAP'),
  'MATOMO_IGNORE_PATTERNS=/\\.(css|js|png|svg)$/i': paths('pattern', '/a.css', '/b/c.PNG'),
  'MATOMO_IGNORE_PATTERNS=/\\.json$/': paths('pattern', '/a.json', '/b/c.json'),
  'MATOMO_IGNORE_USER_AGENTS=[]': [
    { request: { userAgent: 'kube-probe/1.31' }, sent: 'kube-probe' },
  ],
  'MATOMO_IGNORE_USER_AGENTS=/^(node|undici)$/,/^kube-probe\\//i': [
    { request: { userAgent: 'node' }, ignored: 'user_agent' },
    { request: { userAgent: 'kube-probe/1.31' }, ignored: 'user_agent' },
    { request: { userAgent: 'node-fetch/3' }, sent: 'node-fetch' },
  ],
  'MATOMO_IGNORE_USER_AGENTS=/^my-monitor/i': [
    { request: { userAgent: 'My-Monitor/1' }, ignored: 'user_agent' },
  ],
  'MATOMO_ALLOWED_METHODS=GET,POST': [{ request: { method: 'PUT' }, ignored: 'method' }],
  'MATOMO_IGNORED_METHODS=HEAD,OPTIONS': [
    { request: { method: 'HEAD' }, ignored: 'method' },
    { request: { method: 'OPTIONS' }, ignored: 'method' },
  ],
  'MATOMO_IGNORED_METHODS=OPTIONS': [{ request: { method: 'OPTIONS' }, ignored: 'method' }],
  'MATOMO_QUERY=strip': [{ request: { query: 'page=2' }, hidden: 'page' }],
  'MATOMO_QUERY=page,': [{ request: { query: 'page=2&sort=up' }, sent: '?page=2', hidden: 'sort' }],
  'MATOMO_QUERY=page,sort': [
    { request: { query: 'page=2&sort=up&to=x' }, sent: '?page=2&sort=up', hidden: 'to=' },
  ],
  'MATOMO_REDACT_PATH_PATTERNS=["\\\\d{6,}"]': [
    { request: { ...ON_A_PATH, path: '/d/123456/7654321' }, sent: '/d/redacted/redacted' },
  ],
  'MATOMO_REDACT_PATH_PATTERNS=/[\\da-f]{8}-[\\da-f-]{27}/i,/\\b\\d{6,}\\b/': [
    { request: { ...ON_A_PATH, path: '/d/123456/7654321' }, sent: '/d/redacted/redacted' },
    {
      request: { ...ON_A_PATH, path: '/u/6f1c9a52-8a0e-4c6e-9d3b-1f2e3d4c5b6a/a' },
      sent: '/u/redacted/a',
    },
  ],
  'MATOMO_REDACT_PATH_PATTERNS=/[\\da-f]{8}-[\\da-f-]{27}/i': [
    {
      request: { ...ON_A_PATH, path: '/u/6F1C9A52-8A0E-4C6E-9D3B-1F2E3D4C5B6A' },
      sent: '/u/redacted',
    },
  ],
  'MATOMO_URL_PATHS=template': [
    { request: { path: '/users/42' }, sent: '/users/:id', hidden: '42' },
  ],
  'MATOMO_REFERRERS=origin': [
    { request: { referrer: 'https://ref.example/a' }, sent: 'https://ref.example/"' },
  ],
};

const EXAMPLE =
  /\b(MATOMO_(?:IGNORE_PATHS|IGNORE_PATTERNS|IGNORE_USER_AGENTS|ALLOWED_METHODS|IGNORED_METHODS|QUERY|REDACT_PATH_PATTERNS|URL_PATHS|REFERRERS))=(?:'([^'\n]*)'|([^\s`'|]+))/g;

test('each example of an option about paths, methods, programs and queries is in the table', () => {
  const examples = PAGES.flatMap((page) =>
    [...read(page).matchAll(EXAMPLE)].map(
      // Without the quotes of a shell.
      ([, name, quoted, plain]) => `${name}=${quoted ?? plain}`,
    ),
  );
  expect(examples.length).toBeGreaterThan(10);
  expect(examples.filter((example) => !Object.hasOwn(EFFECTS, example))).toEqual([]);
});

test.each(Object.entries(EFFECTS))('%s does what it is for', (example, effects) => {
  const [name = '', ...value] = example.split('=');
  const { options, logged } = optionsFrom({ [name]: value.join('=') });
  expect(logged).toEqual([]);
  if (!options) throw new Error('nothing is tracked');
  for (const { request, ignored, sent = '', hidden } of effects) {
    const whole = httpRequest(request);
    expect(reasonToIgnore(whole, options)).toBe(ignored);
    const { visitorKey } = HIT_OPTIONS;
    const { parameters } = parametersOf(whole, { ...options, visitorKey });
    expect(JSON.stringify(parameters)).toContain(sent);
    if (hidden !== undefined) expect(JSON.stringify(parameters)).not.toContain(hidden);
  }
});
