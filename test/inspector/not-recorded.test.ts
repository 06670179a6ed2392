// What the recorded corpora do not show: the reasons of verdicts, settings of the inspector, and a few values and requests.
import { expect, test } from 'vitest';
import type { InspectedHit, InspectorOptions } from '../../src/inspector/index.js';
import { CHATGPT, FIREFOX, GPTBOT } from '../support/chatbots.js';
import { hit, inspect, sendBulk, start, store } from './inspector-client.js';

const URL_A = 'https://a.test/a';

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
  ['an AI chatbot', { ua: CHATGPT, recMode: '1', url: URL_A }, 'ai_chatbot', undefined],
  ['a chatbot without a URL', { ua: CHATGPT, recMode: '1' }, 'ai_chatbot', 'url'],
  [
    'a chatbot with a large status',
    { ua: CHATGPT, recMode: '1', url: URL_A, http_status: '65536' },
    'dropped',
    'http_status',
  ],
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
  expect(inspector.hits()).toMatchObject([
    { verdict: 'refused', reason: expect.stringContaining('rolled back'), stored: null },
    { verdict: 'refused', reason: expect.stringContaining('ca') },
    { verdict: 'refused', reason: expect.stringContaining('rolled back'), stored: null },
  ]);
});

test('a price of true in JSON is 1', async () => {
  const inspector = await start();
  const url = 'https://a.test/a';
  await sendBulk(inspector, [{ idsite: 1, rec: 1, url, _pks: 's', _pkp: true }]);
  expect(inspector.hits()[0]?.stored).toMatchObject({ product_price: 1 });
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

test('a list of product categories is not trimmed, and empty ones do not count', async () => {
  const stored = await store({ url: URL_A, _pks: 's', _pkc: '[" <a> ","","0",5,"b"]' });
  expect(stored).toMatchObject({ product_cat: ' <a> ', product_cat2: '5', product_cat3: 'b' });
});

test.each(['["a"', '["a",]'])(
  'a `_pkc` that begins as a list and is no JSON is dropped: %s',
  async (sent) => {
    const stored = await store({ url: URL_A, _pks: 's', _pkc: sent });
    expect(stored).toMatchObject({ product_sku: 's' });
    expect(stored).not.toHaveProperty('product_cat');
  },
);

test('a search keyword in the URL that is not UTF-8 is stored URL-encoded', async () => {
  const inspector = await start();
  const url = (keyword: string) => encodeURIComponent(`https://a.test/?q=${keyword}`);
  await sendBulk(inspector, [
    `?idsite=1&rec=1&url=${url('%FF')}`,
    `?idsite=1&rec=1&url=${url('a+b%2f%FFc')}`,
    `?idsite=1&rec=1&url=${url('caf%C3%A9')}`,
  ]);
  expect(inspector.hits().map(({ stored }) => stored?.search)).toEqual([
    '%FF',
    'a+b%2F%FFc',
    'café',
  ]);
});

test('`0` is an empty search category, no content and no event category', async () => {
  expect(await store({ url: URL_A, search: 's', search_cat: '0' })).toEqual({
    type: 'search',
    search: 's',
    search_cat: '',
  });
  expect(await store({ url: URL_A, c_n: '0' })).toEqual({ type: 'page', url: URL_A });
  expect(await store({ url: URL_A, c_n: '0', search: 's' })).toMatchObject({ type: 'search' });
  expect(await store({ url: URL_A, e_c: '0', e_a: 'a' })).toEqual({
    type: 'event',
    url: URL_A,
    event_action: 'a',
  });
});

test('page views and contents share the row of a URL, with the scheme of the first', async () => {
  const inspector = await start();
  await sendBulk(inspector, [hit({ url: 'http://www.a.test/a' })]);
  await sendBulk(inspector, [hit({ url: 'https://a.test/a', c_n: 'banner' })]);
  await sendBulk(inspector, [hit({ url: 'https://a.test/b', c_n: 'banner' })]);
  await sendBulk(inspector, [hit({ url: 'http://a.test/b' })]);
  expect(inspector.hits().map(({ stored }) => stored?.url)).toEqual([
    'http://www.a.test/a',
    'http://www.a.test/a',
    'https://a.test/b',
    'https://a.test/b',
  ]);
});

const CVAR = '{"1":["n","v"]}';

test.each<[string, InspectorOptions, number[]]>([
  ['without sites every site has dimensions 1 to 5', {}, [1, 5]],
  ['those of all sites', { dimensions: [2, 5] }, [5]],
  ['those of one site', { sites: { 1: { dimensions: [1] } } }, [1]],
  ['those of one site win', { sites: { 1: { dimensions: [1] } }, dimensions: [5] }, [1]],
  ['a site without its own', { sites: { 1: {} }, dimensions: [5] }, [5]],
  ['a site without any', { sites: { 1: {} } }, []],
])('%s; the others are dropped with a reason, like custom variables', async (_, options, ids) => {
  const inspector = await start(options);
  await sendBulk(inspector, [
    hit({ dimension1: 'a', dimension5: 'b', dimension6: 'c', cvar: CVAR }),
  ]);
  const response = await fetch(`${inspector.url}/hits`);
  const [{ stored, droppedParameters }] = (await response.json()) as [InspectedHit];
  const columns = Object.keys(stored ?? {}).filter((name) => name.startsWith('custom_'));
  expect(columns).toEqual(ids.map((id) => `custom_dimension_${id}`));
  const dropped = [1, 5, 6].filter((id) => !ids.includes(id)).map((id) => `dimension${id}`);
  expect(new Set(Object.keys(droppedParameters ?? {}))).toEqual(new Set(['cvar', ...dropped]));
  expect(droppedParameters?.cvar).toContain('CustomVariables');
});

test.each([
  ['{"1":["n","v"]}', undefined],
  ['{"1":["n","v"],"6":["n","v"]}', '1 of 2'],
  ['{"1":["n"]}', '0 of 1'],
  ['{', '0 of 0'],
])('the reason of what is dropped of %j', async (cvar, reason) => {
  const { droppedParameters } = await inspect({ cvar });
  if (reason === undefined) expect(droppedParameters).toBeUndefined();
  else expect(droppedParameters?.cvar).toContain(reason);
});

test.each<[string, Record<string, string>, number | undefined]>([
  ['http_status_code first', { cvar: '{"1":["http_status_code","404"]}' }, 404],
  ['http_status_code elsewhere', { cvar: '{"1":["a","b"],"4":["http_status_code","500"]}' }, 500],
  ['the parameter', { http_status: '201' }, 201],
  ['a flat object', { cvar: '{"http_status_code":200}' }, undefined],
  ['no JSON', { cvar: '{' }, undefined],
  ['null', { cvar: 'null' }, undefined],
])('reads the status of the response from %s', async (_, parameters, status) => {
  expect((await inspect(parameters)).status).toBe(status);
});

const VERSIONS = ['5.7', '5.8', '5.12', 'newest'] as const;

test.each<[string, string, (typeof VERSIONS)[number][]]>([
  ['Devin/1.0', 'Devin', ['5.7']],
  ['ChatGPT-User/1.0', 'ChatGPT-User', ['5.7', '5.8', '5.12', 'newest']],
  ['claude-user/1.0', 'Claude-User', ['5.7', '5.8', '5.12', 'newest']],
  ['Google-GeminiNotebook', 'Google-NotebookLM', ['newest']],
  ['DuckAssistBot/1.2', 'DuckAssistBot', ['newest']],
  ['Claude-User ChatGPT-User', 'ChatGPT-User', ['5.7', '5.8', '5.12', 'newest']],
])('%s is %s to the versions %j, and nothing to the others', async (ua, name, known) => {
  for (const version of VERSIONS) {
    const inspector = await start({ matomoVersion: version });
    await sendBulk(inspector, [hit({ recMode: '1', url: URL_A, ua })]);
    const [row] = inspector.aiRequests();
    expect([version, row?.name]).toEqual([version, known.includes(version) ? name : undefined]);
  }
});

test('without the plugin BotTracking every request by an AI chatbot is lost', async () => {
  const inspector = await start({ botTracking: false });
  const answer = await sendBulk(inspector, [hit({ ua: CHATGPT, recMode: '1', bots: '1' })]);
  expect(await answer.json()).toMatchObject({ tracked: 1, invalid: 0 });
  expect(inspector.hits()[0]).toMatchObject({
    verdict: 'dropped',
    reason: expect.stringMatching(/^ua: /),
  });
});

test('shows the rows at /ai-requests, and forgets them with the hits', async () => {
  const inspector = await start();
  await sendBulk(inspector, [hit({ ua: CHATGPT, recMode: '1', url: URL_A }), hit({ ua: FIREFOX })]);
  const answer = await fetch(`${inspector.url}/ai-requests`);
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(await answer.json()).toEqual(inspector.aiRequests());
  expect(inspector.aiRequests()).toHaveLength(1);
  expect(inspector.hits()).toHaveLength(2);
  await fetch(`${inspector.url}/hits`, { method: 'DELETE' });
  expect(inspector.aiRequests()).toEqual([]);
});
