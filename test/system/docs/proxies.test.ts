import { expect, test } from 'vitest';
import { createToOrigin } from '../../../src/hit/visitor/forwarded-origin.js';
import { optionsFrom } from '../../support/options-from.js';
import { codeIn, rowsWith } from './pages.js';

const PAGE = 'docs/behind-a-proxy.md';
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
  const { options, logged } = optionsFrom({ MATOMO_TRUST_PROXY: value });
  expect(logged).toEqual([]);
  return options?.trustProxy ?? false;
}
