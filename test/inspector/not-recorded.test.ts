// What the recorded corpora do not show: the reasons of verdicts, settings of the inspector, and a few values and requests.
import { expect, test } from 'vitest';
import type { InspectedHit, InspectorOptions } from '../../src/inspector/index.js';
import { CHATGPT, FIREFOX, GPTBOT } from '../support/chatbots.js';
import { hit, inspect, sendBulk, start } from './inspector-client.js';

const URL_A = 'https://a.test/a';
const READ = { recMode: '1', url: URL_A };
const CVAR = '{"1":["n","v"]}';

test.each<[string, Record<string, string>, InspectedHit['verdict'], string | undefined]>([
  ['a goal', { idgoal: '1' }, 'tracked', 'a conversion'],
  ['a ping', { ping: '1' }, 'tracked', 'a ping'],
  ['a ping with an unknown goal', { ping: '1', idgoal: '99' }, 'invalid', 'idgoal'],
  ['a blank c_n', { c_n: '  ' }, 'invalid', 'c_n'],
  ['a negative timing', { pf_srv: '-2' }, 'invalid', 'pf_srv'],
  ['a crash without the plugin', { ca: '1' }, 'refused', 'CrashAnalytics'],
  ['an unknown site', { idsite: '9' }, 'invalid', 'idsite'],
  ['no rec', { rec: '0' }, 'dropped', 'rec'],
  ['a bot', { ua: GPTBOT }, 'dropped', 'bots=1'],
  ['an AI chatbot', { ua: CHATGPT, ...READ }, 'ai_chatbot', undefined],
  ['a chatbot without a URL', { ua: CHATGPT, recMode: '1' }, 'ai_chatbot', 'url'],
  ['a large status', { ua: CHATGPT, ...READ, http_status: '65536' }, 'dropped', 'http_status'],
  ['a browser with recMode=1', { ua: FIREFOX, recMode: '1' }, 'dropped', 'recMode'],
  ['a crawler with recMode=1', { ua: GPTBOT, recMode: '1', bots: '1' }, 'dropped', 'ua'],
])('%s: verdict and reason', async (_, parameters, verdict, reason) => {
  const inspected = await inspect(parameters);
  expect(inspected.verdict).toBe(verdict);
  expect(inspected.reason).toEqual(reason && expect.stringContaining(reason));
});

test('a failed bulk says of every hit that it was rolled back', async () => {
  const inspector = await start();
  await sendBulk(inspector, [hit(), hit({ ca: '1' }), hit()]);
  const reason = expect.stringContaining('rolled back');
  expect(inspector.hits()).toMatchObject([
    { verdict: 'refused', reason, stored: null },
    { verdict: 'refused', reason: expect.stringContaining('ca') },
    { verdict: 'refused', reason, stored: null },
  ]);
});

test.each<[string, string, RequestInit, number, number]>([
  ['what follows a second `?` is data', `${hit()}&url=https://a.test/b?c=1`, {}, 200, 1],
  ['a wrong method without parameters', '', { method: 'POST' }, 400, 0],
  ['a refused hit without an image', hit({ ca: '1', send_image: '0' }), {}, 400, 1],
  ['a form by PUT', '', { method: 'PUT', body: new URLSearchParams('idsite=1&rec=1') }, 400, 0],
  ['a body without a content type', '', { method: 'POST', body: Buffer.from('idsite=1') }, 400, 0],
])('a single request: %s', async (_, query, request, status, count) => {
  const inspector = await start();
  const headers = { 'User-Agent': 'test/1' };
  const answer = await fetch(`${inspector.url}/matomo.php${query}`, { headers, ...request });
  expect(answer.status).toBe(status);
  expect(inspector.hits()).toHaveLength(count);
  if (query.includes('?c=')) expect(inspector.hits()[0]?.stored?.url).toBe('https://a.test/b?c=1');
});

const PRODUCT = { product_sku: 's' };
const CATEGORIES = { product_cat: ' <a> ', product_cat2: '5', product_cat3: 'b' };
const SEARCH = { search: 's', search_cat: '' };

test.each<[sent: object, type: string, columns: object]>([
  [{ _pks: 's', _pkp: true }, 'none', { ...PRODUCT, product_price: 1 }],
  [{ _pks: 's', _pkc: '[" <a> ","","0",5,"b"]' }, 'none', { ...PRODUCT, ...CATEGORIES }],
  [{ _pks: 's', _pkc: '["a"' }, 'none', PRODUCT],
  [{ _pks: 's', _pkc: '["a",]' }, 'none', PRODUCT],
  // `0` is no value.
  [{ search: 's', search_cat: '0' }, 'search', SEARCH],
  [{ url: URL_A, c_n: '0' }, 'page', { url: URL_A }],
  [{ c_n: '0', search: 's' }, 'search', SEARCH],
  [{ e_c: '0', e_a: 'a' }, 'event', { event_action: 'a' }],
  // A keyword that is not UTF-8 stays encoded.
  [{ url: 'https://a.test/?q=%FF' }, 'search', { ...SEARCH, search: '%FF' }],
  [{ url: 'https://a.test/?q=a+b%2f%FFc' }, 'search', { ...SEARCH, search: 'a+b%2F%FFc' }],
  [{ url: 'https://a.test/?q=caf%C3%A9' }, 'search', { ...SEARCH, search: 'café' }],
])('a hit with %j is stored as %s, with %j', async (sent, type, columns) => {
  const inspector = await start();
  await sendBulk(inspector, [{ idsite: 1, rec: 1, ...sent }]);
  const [inspected] = inspector.hits();
  const { idsite, server_time, ...stored } = inspected?.stored ?? {};
  expect(stored).toEqual({ type, ...columns });
});

test('values of an item that are objects are answered, and count as missing', async () => {
  const ec_items = JSON.stringify([['sku', { toString: 1 }, { toString: 1 }, {}, {}]]);
  const { conversion } = await inspect({ idgoal: '0', ec_id: 'order', ec_items });
  expect(conversion?.lines).toEqual([{ sku: 'sku', categories: [], price: 0, quantity: 1 }]);
});

test('page views and contents share the row of a URL, with the scheme of the first', async () => {
  const inspector = await start();
  const content = { c_n: 'banner' };
  const a = [{ url: 'http://www.a.test/a' }, { ...content, url: 'https://a.test/a' }];
  const b = [{ ...content, url: 'https://a.test/b' }, { url: 'http://a.test/b' }];
  for (const sent of [...a, ...b]) await sendBulk(inspector, [hit(sent)]);
  expect(inspector.hits().map(({ stored }) => stored?.url)).toEqual([
    'http://www.a.test/a',
    'http://www.a.test/a',
    'https://a.test/b',
    'https://a.test/b',
  ]);
});

test.each<[string, InspectorOptions, number[]]>([
  ['without sites every site has dimensions 1 to 5', {}, [1, 5]],
  ['those of all sites', { dimensions: [2, 5] }, [5]],
  ['those of one site win', { sites: { 1: { dimensions: [1] } }, dimensions: [5] }, [1]],
  ['a site without its own', { sites: { 1: {} }, dimensions: [5] }, [5]],
  ['a site without any', { sites: { 1: {} } }, []],
])('%s; the others are dropped with a reason, like custom variables', async (_, options, ids) => {
  const inspector = await start(options);
  await sendBulk(inspector, [
    hit({ dimension1: 'a', dimension5: 'b', dimension6: 'c', cvar: CVAR }),
  ]);
  const [{ stored, droppedParameters }] = inspector.hits() as [InspectedHit];
  const columns = Object.keys(stored ?? {}).filter((name) => name.startsWith('custom_'));
  expect(columns).toEqual(ids.map((id) => `custom_dimension_${id}`));
  const dropped = [1, 5, 6].filter((id) => !ids.includes(id)).map((id) => `dimension${id}`);
  expect(new Set(Object.keys(droppedParameters ?? {}))).toEqual(new Set(['cvar', ...dropped]));
  expect(droppedParameters?.cvar).toContain('CustomVariables');
});

test.each<[Record<string, string>, status?: number | undefined, kept?: string]>([
  [{ cvar: CVAR }],
  [{ cvar: '{"1":["n","v"],"6":["n","v"]}' }, undefined, '1 of 2'],
  [{ cvar: '{"1":["n"]}' }, undefined, '0 of 1'],
  [{ cvar: '{' }, undefined, '0 of 0'],
  [{ cvar: '{"1":["http_status_code","404"]}' }, 404],
  [{ cvar: '{"1":["a","b"],"4":["http_status_code","500"]}' }, 500],
  [{ http_status: '201' }, 201],
  [{ cvar: '{"http_status_code":200}' }, undefined, '0 of 1'],
  [{ cvar: 'null' }, undefined, '0 of 0'],
])(
  'of %j, the status of the response is %s, and of the variables are kept: %s',
  async (sent, status, kept) => {
    const inspected = await inspect(sent);
    expect(inspected.status).toBe(status);
    expect(inspected.droppedParameters?.cvar).toEqual(kept && expect.stringContaining(kept));
  },
);

const VERSIONS = ['5.7', '5.8', '5.12', 'newest'] as const;

test.each<[string, string, (typeof VERSIONS)[number][]]>([
  ['Devin/1.0', 'Devin', ['5.7']],
  ['claude-user/1.0', 'Claude-User', ['5.7', '5.8', '5.12', 'newest']],
  ['Google-GeminiNotebook', 'Google-NotebookLM', ['newest']],
  ['DuckAssistBot/1.2', 'DuckAssistBot', ['newest']],
  ['Claude-User ChatGPT-User', 'ChatGPT-User', ['5.7', '5.8', '5.12', 'newest']],
])('%s is %s to the versions %j, and nothing to the others', async (ua, name, known) => {
  for (const version of VERSIONS) {
    const inspector = await start({ matomoVersion: version });
    await sendBulk(inspector, [hit({ ...READ, ua })]);
    const [row] = inspector.aiRequests();
    expect([version, row?.name]).toEqual([version, known.includes(version) ? name : undefined]);
  }
});

test('without the plugin BotTracking every request by an AI chatbot is lost', async () => {
  const inspector = await start({ botTracking: false });
  const answer = await sendBulk(inspector, [hit({ ua: CHATGPT, recMode: '1', bots: '1' })]);
  expect(await answer.json()).toMatchObject({ tracked: 1, invalid: 0 });
  const reason = expect.stringMatching(/^ua: /);
  expect(inspector.hits()).toMatchObject([{ verdict: 'dropped', reason }]);
});
