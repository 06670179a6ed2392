import { expect, test } from 'vitest';
import { createVisitors } from '../../../src/hit/visitor/visitor.js';
import { createToVisitorId } from '../../../src/hit/visitor/visitor-id.js';
import { keptBytes, PARTS_BYTES } from '../../support/kept-bytes.js';

const midnight = Date.UTC(2026, 10, 21);
const client = { address: '192.0.2.1', userAgent: 'curl/8', site: 1, startMillis: midnight - 1 };
const options = {
  anonymizeIp: 0,
  hasToken: true,
  trackBots: false,
  visitorId: 'auto',
  visitorKey: 'key',
};

test('clients, days and sites that alternate keep their IDs', () => {
  const toVisitorId = createToVisitorId('key');
  const { find } = createVisitors(options);
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
    const { id: known, text } = find(traits);
    expect([known, text]).toEqual([
      id,
      `?idsite=${traits.site}&rec=1&apiv=1&cip=${traits.address}&cid=${id}`,
    ]);
  }
});

test('a visitor is remembered, even if 20,000 take turns', () => {
  const { find } = createVisitors(options);
  const addresses = Array.from({ length: 20_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
  const visitors = addresses.map((address) => find({ ...client, address }));
  for (const [i, address] of addresses.entries()) {
    expect(find({ ...client, address }) === visitors[i]).toBe(true);
  }
});

test('a visitor with a session is remembered, whatever its user agent', () => {
  const { find } = createVisitors(options);
  const visitor = find({ ...client, session: 'a' });
  for (const userAgent of ['axios/1', 'curl/8']) {
    expect(find({ ...client, userAgent, session: 'a' })).toBe(visitor);
  }
});

test('nobody is remembered if the keys of days are deleted', () => {
  const { find } = createVisitors({ ...options, visitorKey: () => undefined });
  expect(find(client).id).not.toBe(find(client).id);
});

test('a visitor without address or ID is sent without them', () => {
  const { find, idOf } = createVisitors({ ...options, visitorId: 'none' });
  expect(find({ ...client, address: undefined }).text).toBe('?idsite=1&rec=1&apiv=1');
  expect(find(client).text).toBe('?idsite=1&rec=1&apiv=1&cip=192.0.2.1');
  expect(idOf(client)).toBe(createToVisitorId('key')(client));
});

test('a visitor keeps no text of which the user agent or the address is a part', () => {
  const { find } = createVisitors({ ...options, visitorId: 'none' });
  const kept = keptBytes((part) => find({ ...client, userAgent: part, address: part }));
  expect(kept).toBeLessThan(PARTS_BYTES / 4);
});
