import { expect, test } from 'vitest';
import type { MatomoVersion, Referrer } from '../../src/inspector/index.js';
import { hit, inspect, NOW, sendBulk, start } from './inspector-client.js';

const URL_A = 'https://a.test/a';
const ORDER = { idgoal: '0', ec_id: 'o' };
const VISITOR = { cid: '0123456789abcdef' };

/** Kind, name and keyword. */
function toRow(referrer?: Referrer): unknown {
  return referrer && [referrer.kind, referrer.referer_name, referrer.referer_keyword];
}

test('a referrer on a host of the site is direct, whatever the URL of the hit is', async () => {
  const inspector = await start({ sites: { 1: { urls: ['https://www.shop.test/'] } } });
  await sendBulk(inspector, [hit({ url: URL_A, urlref: 'https://shop.test/x' })]);
  expect(toRow(inspector.hits()[0]?.referrer)).toEqual(['direct', undefined, undefined]);
});

test.each<[MatomoVersion, string]>([
  ['5.6', 'website'],
  ['newest', 'assistant'],
])('Matomo %s counts AI assistants as %s', async (matomoVersion, kind) => {
  const inspector = await start({ matomoVersion });
  await sendBulk(inspector, [hit({ url: URL_A, urlref: 'https://chatgpt.com/' })]);
  expect(inspector.hits()[0]?.referrer).toMatchObject({ kind });
});

test('an AI assistant can be the source of a campaign', async () => {
  const { referrer } = await inspect({ url: `${URL_A}?utm_source=chatgpt.com` });
  expect(toRow(referrer)).toEqual(['assistant', 'ChatGPT', undefined]);
});

test('only the first hit of a visit gives it a referrer, unless the visit is direct', async () => {
  const inspector = await start();
  await sendBulk(inspector, [
    hit({ url: URL_A, ...VISITOR }),
    hit({ url: URL_A, ...VISITOR, urlref: 'https://a.test/b' }),
    hit({ url: URL_A, ...VISITOR, urlref: 'https://other.test/' }),
    hit({ url: URL_A, ...VISITOR, urlref: 'https://www.bing.com/search?q=x' }),
  ]);
  expect(inspector.hits().map(({ referrer }) => referrer?.kind)).toEqual([
    'direct',
    undefined,
    'website',
    undefined,
  ]);
});

test('another campaign starts a visit', async () => {
  const inspector = await start();
  const campaign = (name: string) => hit({ url: `${URL_A}?utm_campaign=${name}`, ...VISITOR });
  const own = hit({ url: `${URL_A}?utm_campaign=c`, urlref: URL_A, ...VISITOR });
  const direct = hit({ url: URL_A, ...VISITOR });
  await sendBulk(inspector, [direct, campaign('c'), campaign('C'), own, campaign('d'), direct]);
  expect(inspector.hits().map(({ referrer }) => referrer?.referer_name)).toEqual([
    undefined,
    'c',
    undefined,
    undefined,
    'd',
    undefined,
  ]);
});

test.each<[string, number, Record<string, string>, Record<string, string>]>([
  ['a user ID in other case joins the visit', 1, { uid: 'Ann' }, { uid: 'ann' }],
  ['another user ID starts a visit', 2, { uid: 'ann' }, { uid: 'bob' }],
  ['a user ID of 0 joins the visit of its sender', 1, { uid: 'ann' }, { uid: '0' }],
  ['a user joins the anonymous visit of its sender', 1, {}, { uid: 'ann' }],
  ['the quality of a language does not matter', 1, { lang: 'de' }, { lang: 'de;q=0.5' }],
  ['another language starts a visit', 2, { lang: 'de' }, { lang: 'fr' }],
  ['29 minutes and 59 seconds later, the visit is running', 1, { cdt: `${NOW - 1799}` }, {}],
  ['half an hour later, a visit starts', 2, { cdt: `${NOW - 1800}` }, {}],
  ['new_visit=1 starts a visit', 2, VISITOR, { ...VISITOR, new_visit: '1' }],
  ['a goal starts a visit', 1, { idgoal: '1' }, {}],
  ['a repeated order starts a visit', 2, { ...ORDER, uid: 'ann' }, { ...ORDER, uid: 'bob' }],
  ['a page view with an invalid timing starts a visit', 1, { pf_net: '-7' }, {}],
])('%s', async (_, visits, first, second) => {
  const inspector = await start();
  await sendBulk(inspector, [hit({ url: URL_A, ...first }), hit({ url: URL_A, ...second })]);
  const started = inspector.hits().filter(({ referrer }) => referrer !== undefined);
  expect(started).toHaveLength(visits);
});

test('the keyword of a search engine is that of a campaign without its own', async () => {
  const url = `${URL_A}?utm_campaign=c`;
  const { referrer } = await inspect({ url, urlref: 'https://www.bing.com/search?q=Shoes' });
  expect(toRow(referrer)).toEqual(['campaign', 'c', 'shoes']);
});
