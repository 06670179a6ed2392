import { expect, test } from 'vitest';
import { createToOrigin } from '../../../src/hit/visitor/origin.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { codeIn, rowsWith } from './pages.js';

const PAGE = 'docs/behind-a-proxy.md';
const silent = () => undefined;
const DIAGNOSTICS = { info: silent, print: silent, warn: fail, warnOnce: fail, error: fail };
const rows = rowsWith(PAGE, '`X-Forwarded-For`').map((row) => ({
  trusted: codeIn(row['`trustProxy`'] ?? '')[0] as string,
  forwardedFor: codeIn(row['`X-Forwarded-For`'] ?? '')[0] as string,
  address: row.address,
}));

test.each(rows)('who trusts $trusted takes $forwardedFor for $address', (row) => {
  const { trusted, forwardedFor, address } = row;
  const toOrigin = createToOrigin({ trustProxy: trustProxyOf(trusted), assumeHttps: true });
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
  rowsWith(PAGE, '`MATOMO_TRUST_PROXY`').flatMap((row) =>
    row['`MATOMO_TRUST_PROXY`']?.startsWith('`') ? codeIn(row['`MATOMO_TRUST_PROXY`']) : [],
  ),
)('%s is a value that the environment takes', (value) => {
  expect(trustProxyOf(value)).not.toBe(false);
});

function trustProxyOf(value: string): boolean | number | readonly string[] {
  const env = {
    MATOMO_URL: 'https://matomo.test',
    MATOMO_SITE_ID: '1',
    MATOMO_TRUST_PROXY: value,
  };
  return resolveOptions({}, env, DIAGNOSTICS)?.trustProxy ?? false;
}

function fail(message: string): never {
  throw new Error(message);
}
