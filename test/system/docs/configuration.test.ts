import { expect, test } from 'vitest';
import { createToOrigin } from '../../../src/hit/visitor/trusted-proxies.js';
import { optionsFrom } from '../../support/options-from.js';
import { codeIn, read, rowsWith } from './pages.js';

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
const trusted = rowsWith(PROXIES, '`X-Forwarded-For`').map((row) => {
  const [trusts = '', forwardedFor] = codeIn(`${row['`trustProxy`']} ${row['`X-Forwarded-For`']}`);
  return [trusts, forwardedFor, row.address] as const;
});

test.each(trusted)('who trusts %s takes %s for %s', (trusts, forwardedFor, address) => {
  const toOrigin = createToOrigin({ trustProxy: trustProxyOf(trusts), assumeHttps: true });
  const rawHeader = (name: string) => (name === 'x-forwarded-for' ? forwardedFor : undefined);
  const claims = { peerAddress: '10.0.0.5', host: undefined, scheme: undefined };
  expect(toOrigin({ ...claims, headers: { rawHeader } }).address).toBe(address);
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
