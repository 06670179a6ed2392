import { expect, test } from 'vitest';
import type { InspectorOptions } from '../../src/inspector/index.js';
import { hit, NOW, sendBulk, start } from './inspector-client.js';

type Parameters = Readonly<Record<string, string>>;

const URL_A = 'https://a.test/a';
const ORDER = { idgoal: '0', ec_id: 'o' };
const VISITOR = { cid: '0123456789abcdef' };
const BING = 'https://www.bing.com/search?q=Shoes';
const CHATGPT = { urlref: 'https://chatgpt.com/' };
const SOURCE = `${URL_A}?utm_source=chatgpt.com`;
const SITES = { 1: { urls: ['https://www.shop.test/'] } };

const of = (urlref: string) => ({ ...VISITOR, urlref });
const campaign = (name: string) => ({ ...VISITOR, url: `${URL_A}?utm_campaign=${name}` });

const CAMPAIGNS = [
  ...[VISITOR, campaign('c'), campaign('C'), { ...campaign('c'), urlref: URL_A }],
  ...[campaign('d'), VISITOR],
];

/** For each hit of a visit: the kind of its referrer, its name and its keyword. */
test.each<[string, Parameters[], (string | undefined)[], InspectorOptions?]>([
  ['on a host of the site is direct', [of('https://shop.test/x')], ['direct'], { sites: SITES }],
  ['of Matomo 5.6: a website', [CHATGPT], ['website chatgpt.com'], { matomoVersion: '5.6' }],
  ['of newer ones: an AI assistant', [CHATGPT], ['assistant ChatGPT']],
  ['that is the source of a campaign', [{ url: SOURCE }], ['assistant ChatGPT']],
  ['adds its keyword to a campaign', [{ ...campaign('c'), urlref: BING }], ['campaign c shoes']],
  [
    'is that of the first hit, unless it is direct',
    [VISITOR, of('https://a.test/b'), of('https://other.test/'), of(BING)],
    ['direct', undefined, 'website other.test', undefined],
  ],
  [
    'is another one for another campaign',
    CAMPAIGNS,
    ['direct', 'campaign c', undefined, undefined, 'campaign d', undefined],
  ],
])('the referrer %s', async (_, hits, expected, options) => {
  const inspector = await start(options);
  await sendBulk(
    inspector,
    hits.map((parameters) => hit({ url: URL_A, ...parameters })),
  );
  const rows = inspector.hits().map(({ referrer }) => {
    const { kind, referer_name: name = '', referer_keyword: keyword = '' } = referrer ?? {};
    return kind && `${kind} ${name} ${keyword}`.trimEnd();
  });
  expect(rows).toEqual(expected);
});

test.each<[string, number, Parameters, Parameters]>([
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
