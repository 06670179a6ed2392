import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createField } from '../../../src/hit/field.js';
import {
  createToAgent,
  createToAnyVisitorId,
  createToCaller,
} from '../../../src/hit/visitor/caller-fields.js';
import { createToVisitorId, type Visitor } from '../../../src/hit/visitor/visitor-id.js';
import { collectGarbage, keptBytes, PARTS_BYTES } from '../../support/kept-bytes.js';

const midnight = Date.UTC(2026, 10, 21);
const caller = { address: '192.0.2.1', userAgent: 'curl/8', site: 1, startMillis: midnight - 1 };
const toAddress = (address: string) => createField('cip', address);

test('callers, days and sites that alternate keep their IDs', () => {
  const toVisitorId = createToVisitorId('key');
  const toCaller = createToCaller(toAddress, toVisitorId);
  const others = [{ site: 2 }, { startMillis: midnight }, { address: '192.0.2.2' }, {}];
  for (const other of [...others, ...others]) {
    const visitor = { ...caller, ...other };
    const id = toVisitorId(visitor);
    const { visitorId, text } = toCaller(visitor);
    expect([visitorId, text]).toEqual([id, `&cip=${visitor.address}&cid=${id}`]);
  }
});

test('the ID of a caller is computed once, also if 20,000 come in turn', () => {
  const computed: Visitor[] = [];
  const toCaller = createToCaller(toAddress, (visitor) => {
    computed.push(visitor);
    return '0123456789abcdef';
  });
  const addresses = Array.from({ length: 20_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
  for (const address of [...addresses, ...addresses]) toCaller({ ...caller, address });
  expect(computed).toHaveLength(addresses.length);
});

test('the ID of a caller whose ID is not sent is computed once too', () => {
  const computed: Visitor[] = [];
  const toCaller = createToCaller(toAddress, () => undefined);
  const toAnyVisitorId = createToAnyVisitorId(toCaller, (visitor) => {
    computed.push(visitor);
    return `id of ${visitor.address}`;
  });
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.1', '192.0.2.2']) {
    expect(toAnyVisitorId({ ...caller, address })).toBe(`id of ${address}`);
    expect(toCaller({ ...caller, address }).visitorId).toBeUndefined();
  }
  expect(computed).toHaveLength(2);
});

test('a caller without address or ID has neither in the text', () => {
  const toCaller = createToCaller(toAddress, () => undefined);
  expect(toCaller({ ...caller, address: undefined }).text).toBe('');
  expect(toCaller(caller).text).toBe('&cip=192.0.2.1');
});

test('an agent has what the client sent, and the beginning for the site that is asked for', () => {
  const toAgent = createToAgent();
  const client = { userAgent: 'curl/8', acceptLanguage: 'sv-SE', clientHints: '{"mobile":true}' };
  const toBeginning = (site: number) => `?idsite=${site}`;
  for (const hints of [undefined, client.clientHints, undefined]) {
    const agent = toAgent({ ...client, clientHints: hints });
    for (const site of [1, 2, 1]) {
      const parameters = new URLSearchParams(agent.beginning(site, toBeginning));
      const uadata = hints === undefined ? {} : { uadata: hints };
      const expected = { idsite: String(site), ua: 'curl/8', lang: 'sv-SE', ...uadata };
      expect(Object.fromEntries(parameters)).toEqual(expected);
    }
  }
});

const LONG = 'x'.repeat(600);

test.for([
  ['a long user agent', { userAgent: LONG, clientHints: '{"mobile":true}' }],
  ['a long language', { acceptLanguage: LONG, clientHints: '{"mobile":true}' }],
  ['long hints', { userAgent: 'curl/8', clientHints: '中'.repeat(400) }],
  ['a user agent that is long if it is encoded', { userAgent: '中'.repeat(400) }],
] as const)('an agent with %s is not remembered', async ([, sent]) => {
  const toAgent = createToAgent();
  const nothing = { userAgent: undefined, acceptLanguage: undefined, clientHints: undefined };
  const client = { ...nothing, ...sent };
  const agents = Array.from({ length: 1000 }, () => new WeakRef(toAgent(client)));
  await nextTurn(); // until then, nothing that a weak reference was made to is collected
  collectGarbage();
  expect(agents.filter((agent) => agent.deref()).length).toBeLessThan(10);
  expect(toAgent(client).fields).toEqual(toAgent(client).fields);
});

test('an agent keeps no text of which a header is a part', () => {
  const toAgent = createToAgent();
  const toCaller = createToCaller(toAddress, () => undefined);
  const kept = keptBytes((part) => {
    toAgent({ userAgent: part, acceptLanguage: part, clientHints: part });
    toCaller({ ...caller, userAgent: part, address: part });
  });
  expect(kept).toBeLessThan(PARTS_BYTES / 4);
});
