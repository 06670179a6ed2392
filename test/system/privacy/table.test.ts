import { expect, test } from 'vitest';
import {
  ADDRESS_REQUESTS,
  BACKGROUND,
  COMMON_ENV,
  ENV,
  KINDS,
  kindsOf,
  kindsWith,
  REQUESTS_IN_TURNS,
  ROWS,
  SHOWN,
} from './rows.js';
import { WAYS, type Way } from './ways.js';

/** For tests about addresses: each request takes time. */
const requests = ADDRESS_REQUESTS;

/** Of requests and of spans hits are made. The other ways differ in what becomes of them. */
const HAS_ALL_KINDS = ['SDK', 'exporter', 'gateway'];

/** Without an SDK, nothing tells of an exception. */
const WITHOUT_ERRORS = ['register without tracing'];

test.each(Object.entries(WAYS))(
  '%s: no hit has what an option keeps from Matomo',
  async (name, way) => {
    const sent = await way(
      ENV,
      HAS_ALL_KINDS.includes(name) ? {} : { requests: REQUESTS_IN_TURNS },
    );
    for (const { option, secret } of ROWS) {
      expect(
        sent.filter((hit) => hit.includes(secret)),
        option,
      ).toEqual([]);
    }
    const kinds = Object.keys(KINDS).filter(
      (kind) => kind !== 'error' || !WITHOUT_ERRORS.includes(name),
    );
    expect(kindsWith(sent, SHOWN.target)).toEqual(kinds);
    expect(sent.filter((hit) => BACKGROUND.test(hit))).toHaveLength(1);
  },
);

test('without the options, all of that is sent, except what never is', async () => {
  const sent = await (WAYS.SDK as Way)(COMMON_ENV);
  for (const row of ROWS) {
    expect(kindsWith(sent, row.secret), row.option).toEqual(row.env ? kindsOf(row) : []);
  }
});

const HIDING = { MATOMO_ANONYMIZE_IP: '4', MATOMO_QUERY: 'strip' };
const NAMED = {
  MATOMO_DIMENSIONS:
    '1=client.address,2=http.request.header.x-forwarded-for,3=http.request.header.referer',
  MATOMO_USER_ID: 'http.request.header.x-forwarded-for',
};

test.each(['SDK', 'exporter', 'gateway', 'worker thread, options in code'])(
  '%s: dimensions and the user ID have no address and no query of a referrer',
  async (name) => {
    const way = WAYS[name] as Way;
    const hidden = await way({ ...COMMON_ENV, ...NAMED, ...HIDING }, { requests });
    expect(hidden.filter((hit) => /203\.0\.113|198\.51\.100|secret-note|uid=0/.test(hit))).toEqual(
      [],
    );
    expect(hidden.filter((hit) => hit.includes('dimension1=0.0.0.0'))).not.toEqual([]);
  },
);

const inWorker = WAYS['worker thread, options in code'] as Way;

test('in a worker thread, code wins over the environment', async () => {
  const code = { ...COMMON_ENV, ...HIDING, MATOMO_USER_ID: 'enduser.id' };
  const sent = await inWorker(code, { others: NAMED, requests });
  expect(sent.filter((hit) => /[&?](?:uid|cip)=(?:203|198)\./.test(hit))).toEqual([]);
  expect(sent.filter((hit) => /[&?]uid=[\da-f]{16}/.test(hit))).toEqual([]);
  expect(kindsWith(sent, SHOWN.target)).toEqual(Object.keys(KINDS));
});

test('of a worker thread, the address of a trusted proxy and the pseudonym of a header are sent', async () => {
  const sent = await inWorker({ ...COMMON_ENV, ...NAMED }, { requests });
  for (const parameter of ['dimension1', 'cip'])
    expect(sent.join('\n')).toContain(`&${parameter}=203.0.113.77`);
  expect(sent.join('\n')).toMatch(/&uid=[\da-f]{16}(?:&|$)/m);
});

test('without the options, dimensions have all of that, and the user ID is a pseudonym', async () => {
  const sent = (await (WAYS.SDK as Way)({ ...COMMON_ENV, ...NAMED }, { requests })).join('\n');
  const address = '203.0.113.77';
  for (const parameter of ['dimension1', 'dimension2', 'cip'])
    expect(sent).toContain(`&${parameter}=${address}`);
  expect(sent).toMatch(/&uid=[\da-f]{16}(?:&|$)/m);
  expect(sent).toContain('dimension3=https://ref.example/?note=secret-note');
});
