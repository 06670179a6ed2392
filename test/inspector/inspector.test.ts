import { expect, test } from 'vitest';
import { formatHits, type InspectedHit, type InspectorOptions } from '../../src/inspector/index.js';
import { CHATGPT, GPTBOT } from '../support/chatbots.js';
import { sorted } from '../support/sorted.js';
import { hit, sendBulk, start } from './inspector-client.js';

const URL_A = 'https://a.test/a';
const OLD = String(Math.floor(Date.now() / 1000) - 90_000);
const ADDRESS = { cip: '192.0.2.1' };

test.each<[Record<string, string>, InspectedHit['verdict'], reason: string | undefined]>([
  [{}, 'tracked', undefined],
  [{ rec: '0' }, 'dropped', 'rec'],
  [ADDRESS, 'invalid', 'cip: needs a token'],
  [{ ...ADDRESS, token_auth: 'any' }, 'tracked', undefined],
  [{ cdt: OLD }, 'invalid', 'cdt'],
  [{ ua: GPTBOT }, 'dropped', 'bots=1'],
  [{ cid: 'short' }, 'invalid', 'cid'],
  [{ ping: '1' }, 'tracked', 'a ping'],
])('%j: %s because of %s', async (params, verdict, reason) => {
  const inspector = await start({ sites: { 1: {} } });
  await sendBulk(inspector, [hit(params)]);
  const [inspected] = inspector.hits();
  expect(inspected?.verdict).toBe(verdict);
  expect(inspected?.reason).toEqual(reason && expect.stringContaining(reason));
  expect(inspected?.stored === null).toBe(
    verdict === 'invalid' || verdict === 'dropped' || reason === 'a ping',
  );
});

test('shows each hit with what was sent and what is stored, to code and over HTTP', async () => {
  const inspector = await start();
  const sent = {
    ...{ idsite: '1', rec: '1', url: `${URL_A}?x=1&utm_source=mail#top`, action_name: 'GET /a' },
    ...{ pf_srv: '12', pf_dm1: '3', dimension2: '404', cid: '0123456789abcdef' },
  };
  await sendBulk(inspector, [hit(sent)]);
  const received = inspector.hits()[0]?.received as number;
  expect(inspector.hits()).toEqual([
    {
      received,
      params: sent,
      verdict: 'tracked',
      visitor: '0123456789abcdef',
      status: 404,
      millis: 15,
      stored: { type: 'page', title: 'GET /a', url: `${URL_A}?x=1`, time: received },
    },
  ]);
  const shown = await fetch(`${inspector.url}/hits`);
  expect(shown.headers.get('content-type')).toBe('application/json');
  expect(await shown.json()).toEqual(inspector.hits());
  expect((await fetch(`${inspector.url}/hits`, { method: 'DELETE' })).status).toBe(204);
  expect(inspector.hits()).toEqual([]);
});

test.each<[Record<string, string>, status: number | undefined, visitor: string | undefined]>([
  [{ cvar: '{"1":["a","b"],"4":["http_status_code","500"]}' }, 500, undefined],
  [{ cvar: '{', dimension2: 'x' }, undefined, undefined],
  [{ http_status: '201', uid: 'u', cid: '0123456789abcdef' }, 201, 'u'],
  [{ ua: CHATGPT, recMode: '1', uid: 'u' }, undefined, 'ChatGPT-User'],
])('of %j, the status is %s and the visitor %s', async (params, status, visitor) => {
  const inspector = await start();
  await sendBulk(inspector, [hit(params)]);
  expect([inspector.hits()[0]?.status, inspector.hits()[0]?.visitor]).toEqual([status, visitor]);
});

test.each<[string, InspectorOptions, dropped: string[]]>([
  ['of all sites', { dimensions: [2, 5] }, ['cvar', 'dimension1', 'dimension6']],
  ['of a site', { sites: { 1: { dimensions: [6] } } }, ['cvar', 'dimension1', 'dimension5']],
  ['with custom variables', { customVariables: true }, ['dimension6']],
])('parameters that Matomo drops: %s', async (_, options, dropped) => {
  const inspector = await start(options);
  const cvar = '{"1":["n","v"]}';
  await sendBulk(inspector, [hit({ dimension1: 'a', dimension5: 'b', dimension6: 'c', cvar })]);
  const [{ droppedParameters = {} }] = inspector.hits() as [InspectedHit];
  expect(sorted(Object.keys(droppedParameters))).toEqual(dropped);
  for (const [name, reason] of Object.entries(droppedParameters))
    expect(reason).toContain(name === 'cvar' ? 'CustomVariables' : 'no such dimension');
});

test.each<[string, query: string, RequestInit, status: number]>([
  ['a hit without an image', hit({ send_image: '0' }), {}, 204],
  ['an invalid hit', hit({ idsite: '0' }), {}, 400],
  ['a form', '', { method: 'POST', body: new URLSearchParams(hit()) }, 200],
])('a single request, as any client sends it: %s', async (_, query, request, status) => {
  const inspector = await start();
  const headers = { 'User-Agent': 'test/1' };
  const url = `${inspector.url}/analytics/piwik.php${query}`;
  const answer = await fetch(url, { headers, ...request });
  expect(answer.status).toBe(status);
  expect(inspector.hits()).toHaveLength(1);
});

test('play() answers with a status, as often as asked, and hits are not processed', async () => {
  const inspector = await start();
  const statusOf = async () => (await sendBulk(inspector, [hit()])).status;
  inspector.play({ status: 429, times: 1 });
  expect([await statusOf(), await statusOf()]).toEqual([429, 200]);
  inspector.play({});
  expect([await statusOf(), await statusOf()]).toEqual([503, 503]);
  inspector.play();
  expect(await statusOf()).toBe(200);
  expect(inspector.hits()).toHaveLength(2);
});

test('closes the connection of a request that is too large, and goes on', async () => {
  const inspector = await start();
  const body = JSON.stringify({ requests: [], '': 'x'.repeat(17_000_000) });
  await expect(fetch(`${inspector.url}/matomo.php`, { method: 'POST', body })).rejects.toThrow();
  await sendBulk(inspector, [hit()]);
  expect(inspector.hits()).toHaveLength(1);
});

test('a table has a line for each hit, whose texts neither control the terminal nor widen it', () => {
  const received = Date.UTC(2026, 10, 20, 7, 6, 40);
  const common = { received, params: { idsite: '1' }, verdict: 'tracked' } as const;
  const stored = { type: 'page', time: received - 100_000 } as const;
  const hits: InspectedHit[] = [
    { ...common, visitor: 'u', status: 404, millis: 12, stored: { ...stored, title: 'GET /a' } },
    { ...common, params: {}, verdict: 'invalid', reason: 'idsite: no such site', stored: null },
    { ...common, verdict: 'ai_chatbot', visitor: 'GPT', stored: { ...stored, url: URL_A } },
  ];
  expect(formatHits(hits).split('\n')).toEqual([
    'time      site  verdict     type  action                status  load time  visitor',
    '07:05:00  1     tracked     page  GET /a                404     12 ms      u',
    '07:06:40  -     invalid     -     idsite: no such site  -       -          -',
    '07:05:00  1     ai_chatbot  page  https://a.test/a      -       -          GPT',
    '',
  ]);
  const long = { ...stored, title: `\x1b[2J\u202e${'x'.repeat(2_000_000)}` };
  expect(formatHits([{ ...common, stored: long }])).toContain(`?[2J?${'x'.repeat(54)}…  -`);
});
