import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { createField, siteFields } from '../../../src/hit/field.js';
import {
  createToVisitor,
  createToVisitorId,
  deriveVisitorKey,
  type VisitorTraits,
  visitorOfCookie,
} from '../../../src/hit/visitor/visitor-id.js';
import { keptBytes, PARTS_BYTES } from '../../support/kept-bytes.js';

const midnight = Date.UTC(2026, 10, 21);
const client = { address: '192.0.2.1', userAgent: 'curl/8', site: 1, startMillis: midnight - 1 };

test('one client is one visitor all day, in every process with the key', () => {
  const id = createToVisitorId('key')(client);
  expect(id).toMatch(/^[\da-f]{16}$/);
  expect(createToVisitorId('key')({ ...client, startMillis: midnight - 86_400_000 })).toBe(id);
  expect(createToVisitorId('another key')(client)).not.toBe(id);
});

test('it is the beginning of an HMAC-SHA-256, as in every version', () => {
  const text = `${Math.floor(client.startMillis / 86_400_000)}\n1\n192.0.2.1\ncurl/8`;
  const hmac = createHmac('sha256', 'key').update(text).digest('hex');
  expect(createToVisitorId('key')(client)).toBe(hmac.slice(0, 16));
  expect(createToVisitorId('key')(client)).toBe('e1defe74b0099be0');
});

test.each([
  { address: '192.0.2.2' },
  { userAgent: 'axios/1' },
  { site: 2 },
  { startMillis: midnight },
])('another %o is another visitor', (difference) => {
  const toVisitorId = createToVisitorId('key');
  expect(toVisitorId({ ...client, ...difference })).not.toBe(toVisitorId(client));
});

const toAddress = (address: string) => createField('cip', address);

test('clients, days and sites that alternate keep their IDs', () => {
  const toVisitorId = createToVisitorId('key');
  const toVisitor = createToVisitor(siteFields, toAddress, toVisitorId);
  const others = [
    { site: 2 },
    { startMillis: midnight },
    { address: '192.0.2.2' },
    { session: 'a' },
    { session: 'a', address: '192.0.2.2' },
    { session: 'b' },
    {},
  ];
  for (const other of [...others, ...others]) {
    const traits = { ...client, ...other };
    const id = toVisitorId(traits);
    const { id: known, fields } = toVisitor(traits);
    expect([known, fields.text]).toEqual([
      id,
      `?idsite=${traits.site}&rec=1&apiv=1&cip=${traits.address}&cid=${id}`,
    ]);
  }
});

test('the ID of a visitor is computed once, even if 20,000 take turns', () => {
  const computed: VisitorTraits[] = [];
  const toVisitor = createToVisitor(siteFields, toAddress, (traits) => {
    computed.push(traits);
    return '0123456789abcdef';
  });
  const addresses = Array.from({ length: 20_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
  for (const address of [...addresses, ...addresses]) toVisitor({ ...client, address });
  expect(computed).toHaveLength(addresses.length);
});

test('the ID of a visitor with a session is computed once, whatever its user agent', () => {
  const computed: VisitorTraits[] = [];
  const toVisitor = createToVisitor(siteFields, toAddress, (traits) => {
    computed.push(traits);
    return '0123456789abcdef';
  });
  for (const userAgent of ['curl/8', 'axios/1', 'curl/8']) {
    toVisitor({ ...client, userAgent, session: 'a' });
  }
  expect(computed).toHaveLength(1);
});

test('a visitor without address or ID is sent without them', () => {
  const toVisitor = createToVisitor(siteFields, toAddress, () => undefined);
  expect(toVisitor({ ...client, address: undefined }).fields.text).toBe('?idsite=1&rec=1&apiv=1');
  expect(toVisitor(client).fields.text).toBe('?idsite=1&rec=1&apiv=1&cip=192.0.2.1');
});

test('a visitor keeps no text of which the user agent or the address is a part', () => {
  const toVisitor = createToVisitor(siteFields, toAddress, () => undefined);
  const kept = keptBytes((part) => toVisitor({ ...client, userAgent: part, address: part }));
  expect(kept).toBeLessThan(PARTS_BYTES / 4);
});

test('the token cannot be read from the key that is derived from it', () => {
  expect(deriveVisitorKey('t0ken').toString('latin1')).not.toContain('t0ken');
  expect(deriveVisitorKey('t0ken')).toEqual(deriveVisitorKey('t0ken'));
});

test.each([
  ['_pk_id.1.1fff=0123456789abcdef.1700000000.; x=y', '0123456789abcdef'],
  ['a=b; _pk_id.1=0123456789ABCDEF', '0123456789abcdef'],
  ['_pk_id.2.1fff=0123456789abcdef.1', undefined],
  ['x_pk_id.1.1fff=0123456789abcdef.1', undefined],
  ['_pk_id.1.1fff=0123456789abcde', undefined],
  ['_pk_id.1.1fff=0123456789abcdef0', undefined],
  [undefined, undefined],
])('the cookies %s name the visitor %s', (cookies, visitor) => {
  expect(visitorOfCookie(cookies, 1)).toBe(visitor);
});
