// The traps of Matomo's tracking of AI chatbots, each with its number.
import { expect, test } from 'vitest';
import { type AiRequest, type Inspector, startInspector } from '../../src/inspector/index.js';
import { hit, NOW, type Sending, sendBulk, start } from './inspector-client.js';

const CHATGPT = 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot';
const GPTBOT = 'Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';
const PAGE = 'https://shop.example/a';
const VERSIONS = ['5.7', '5.8', '5.12', 'newest'] as const;

type Parameters = Record<string, string>;
type Version = (typeof VERSIONS)[number] | '5.6';

function startVersion(matomoVersion: Version = 'newest'): Promise<Inspector> {
  return start({ matomoVersion, clock: () => NOW * 1000, sites: { 1: {} }, tokens: {} });
}

/** What becomes of a hit by ChatGPT. */
async function track(
  parameters: Parameters,
  version?: Version,
  sending?: Sending,
): Promise<{ verdict: string | undefined; row: AiRequest | undefined }> {
  const inspector = await startVersion(version);
  await sendBulk(inspector, [hit({ ua: CHATGPT, ...parameters })], sending);
  return { verdict: inspector.hits()[0]?.verdict, row: inspector.aiRequests()[0] };
}

const chatbot = (parameters: Parameters = {}) => ({ recMode: '1', url: PAGE, ...parameters });

test.each<[recMode: string, ua: string, verdict: string]>([
  ['', FIREFOX, 'tracked'],
  ['0', FIREFOX, 'tracked'],
  ['1', FIREFOX, 'dropped'],
  ['2', FIREFOX, 'tracked'],
  ['3', FIREFOX, 'dropped'],
  ['abc', FIREFOX, 'dropped'],
  ['', CHATGPT, 'dropped'],
  ['1', CHATGPT, 'ai_chatbot'],
  ['2', CHATGPT, 'ai_chatbot'],
  ['3', CHATGPT, 'dropped'],
])(
  '0.1 recMode %j of %s is %s, and counted as tracked whatever it is',
  async (recMode, ua, verdict) => {
    const inspector = await startVersion();
    const answer = await sendBulk(inspector, [hit({ url: PAGE, recMode, ua })]);
    expect(await answer.json()).toEqual({ status: 'success', tracked: 1, invalid: 0 });
    expect(inspector.hits()[0]?.verdict).toBe(verdict);
  },
);

test.each([GPTBOT, 'Googlebot/2.1', 'ClaudeBot/1.0', 'OAI-SearchBot/1.0'])(
  '0.2 %s vanishes with recMode 1 and 2, also with bots=1',
  async (ua) => {
    for (const recMode of ['1', '2']) {
      for (const bots of ['0', '1']) {
        expect((await track({ ...chatbot(), ua, recMode, bots })).verdict).toBe('dropped');
      }
    }
    expect((await track({ url: PAGE, ua, bots: '1' })).verdict).toBe('tracked');
  },
);

test('0.3 nothing that excludes a visit excludes a request by an AI chatbot', async () => {
  const excluded: [Parameters, Sending?][] = [
    [{ rec: '0' }],
    [{ urlref: 'https://semalt.com/' }],
    [{ cid: 'short' }],
    [{}, { headers: { 'X-Purpose': 'preview' } }],
  ];
  for (const [parameters, sending] of excluded) {
    const visit = await track({ url: PAGE, ua: FIREFOX, ...parameters }, 'newest', sending);
    expect(visit.verdict).toMatch(/dropped|invalid/);
    expect((await track(chatbot(parameters), 'newest', sending)).verdict).toBe('ai_chatbot');
  }
});

test('0.4 needs no token below 24 hours, and ignores the address', async () => {
  expect((await track(chatbot({ cip: '192.0.2.1' }))).verdict).toBe('ai_chatbot');
  expect((await track({ url: PAGE, ua: FIREFOX, cip: '192.0.2.1' })).verdict).toBe('invalid');
  expect((await track(chatbot({ cdt: String(NOW - 86_390) }))).row?.time).toBe(NOW - 86_390);
  expect((await track(chatbot({ cdt: String(NOW - 86_400) }))).verdict).toBe('invalid');
});

test('0.5 bots=1 alone makes a visit of a chatbot, and changes nothing beside recMode', async () => {
  expect((await track({ url: PAGE, bots: '1' })).verdict).toBe('tracked');
  for (const version of VERSIONS) {
    const without = await track(chatbot(), version);
    expect(await track(chatbot({ bots: '1' }), version)).toEqual(without);
    expect(without.verdict).toBe('ai_chatbot');
  }
  expect((await track(chatbot(), '5.6')).verdict).toBe('dropped');
  expect((await track(chatbot({ bots: '1' }), '5.6')).verdict).toBe('tracked');
});

test.each<[string, number | undefined]>([
  ['142', 142],
  ['0', 0],
  ...['142.7', '0.142', '1e3', ' 142', '0142', '+142', '-1', '', 'abc'].map(
    (text): [string, undefined] => [text, undefined],
  ),
])('0.6 of %j in http_status, bw_bytes and pf_srv Matomo stores %s', async (text, stored) => {
  const { row } = await track(chatbot({ http_status: text, bw_bytes: text, pf_srv: text }));
  expect([row?.statusCode, row?.bytes, row?.millis]).toEqual([stored, stored, stored]);
});

test.each([
  ['http_status', '65535', '65536'],
  ['bw_bytes', '4294967295', '4294967296'],
  ['pf_srv', '4294967295', '4294967296'],
  ['source', 's'.repeat(50), 's'.repeat(51)],
])('0.6 a value too large for %s loses the whole row in strict SQL', async (name, fits, large) => {
  expect((await track(chatbot({ [name]: fits }))).verdict).toBe('ai_chatbot');
  const inspector = await startVersion();
  const answer = await sendBulk(inspector, [hit({ ua: CHATGPT, ...chatbot({ [name]: large }) })]);
  expect(await answer.json()).toMatchObject({ tracked: 1, invalid: 0 });
  expect(inspector.aiRequests()).toEqual([]);
  expect(inspector.hits()[0]).toMatchObject({
    verdict: 'dropped',
    reason: `${name}: does not fit its column, the row is lost`,
  });
});

test('0.7 a bad hit by a chatbot rolls no bulk back, and a bad visit takes chatbots with it', async () => {
  const visit = hit({ url: PAGE, ua: FIREFOX });
  const good = hit({ ua: CHATGPT, ...chatbot() });
  const lost = hit({ ua: CHATGPT, ...chatbot({ http_status: '70000' }) });
  const wrongSite = hit({ ua: CHATGPT, ...chatbot({ idsite: '9' }) });
  const inspector = await startVersion();
  const answer = await sendBulk(inspector, [visit, lost, good, wrongSite, visit]);
  expect([answer.status, await answer.json()]).toEqual([
    200,
    { status: 'success', tracked: 4, invalid: 1 },
  ]);
  expect(inspector.hits().map(({ verdict }) => verdict)).toEqual([
    'tracked',
    'dropped',
    'ai_chatbot',
    'invalid',
    'tracked',
  ]);

  inspector.clear();
  const badVisit = hit({ url: PAGE, ua: FIREFOX, search: 'x', search_count: '99999999999' });
  expect((await sendBulk(inspector, [good, badVisit, good])).status).toBe(500);
  expect(inspector.aiRequests()).toEqual([]);
  expect(inspector.hits().map(({ verdict }) => verdict)).toEqual(['refused', 'refused', 'refused']);
});

const MESSY = 'https://SHOP.example/a?utm_source=chatgpt.com&utm_content=x&gclid=1&b=2#part';

test.each<[Version, string]>([
  [
    '5.7',
    'https://SHOP.example/a?utm_source=chatgpt.com&amp;utm_content=x&amp;gclid=1&amp;b=2#part',
  ],
  [
    '5.8',
    'https://SHOP.example/a?utm_source=chatgpt.com&amp;utm_content=x&amp;gclid=1&amp;b=2#part',
  ],
  ['5.12', 'https://shop.example/a?utm_content=x&b=2'],
  ['newest', 'https://shop.example/a?utm_content=x&b=2'],
])('0.8 Matomo %s stores a URL as %s', async (version, url) => {
  expect((await track(chatbot({ url: MESSY }), version)).row?.url).toBe(url);
  const visit = await startVersion(version);
  await sendBulk(visit, [hit({ ua: FIREFOX, url: MESSY })]);
  // Only the same URL is the same page in the reports that compare chatbots with people.
  expect(visit.hits()[0]?.stored?.url).toBe('https://shop.example/a?utm_content=x&b=2');
});

test.each(VERSIONS)(
  '0.9 download wins over url and keeps its query in Matomo %s',
  async (version) => {
    const download = 'https://shop.example/f.pdf?a=1&b=2';
    const { row } = await track(chatbot({ download }), version);
    expect(row).toMatchObject({ kind: 'document', url: 'https://shop.example/f.pdf?a=1&amp;b=2' });
    expect((await track(chatbot({ download: '' }), version)).row?.kind).toBe('page');
  },
);

test('0.10 a hit of the JavaScript tracker is a double only with recMode=2 or bots=1', async () => {
  expect((await track({ url: PAGE })).verdict).toBe('dropped');
  expect((await track({ url: PAGE, recMode: '2' })).verdict).toBe('ai_chatbot');
  expect((await track({ url: PAGE, bots: '1' })).verdict).toBe('tracked');
});

test('11.1 recMode=1 never makes a visit in a Matomo that reads it', async () => {
  for (const version of VERSIONS) {
    for (const ua of [FIREFOX, 'curl/8.5.0', GPTBOT, 'unknown', CHATGPT]) {
      const { verdict } = await track(chatbot({ ua, bots: '1' }), version);
      expect(verdict).toBe(ua === CHATGPT ? 'ai_chatbot' : 'dropped');
    }
  }
  expect((await track(chatbot({ ua: FIREFOX }), '5.6')).verdict).toBe('tracked');
});

test('11.2 a hit of an AI chatbot alone needs neither a token nor a visitor', async () => {
  const { row } = await track({ recMode: '1', url: PAGE, http_status: '200' });
  expect(row).toEqual({
    site: 1,
    time: NOW,
    name: 'ChatGPT-User',
    kind: 'page',
    url: PAGE,
    statusCode: 200,
  });
});

test('11.3 a row has site, time, name, kind, URL, status, bytes, time and source, and nothing else', async () => {
  const kept = { http_status: '404', bw_bytes: '5123', pf_srv: '142', source: 'node' };
  const cdt = String(NOW - 60);
  const ignored = {
    ...{ action_name: 'GET /a', cid: '0123456789abcdef', uid: 'u', lang: 'de', ping: '1' },
    ...{ urlref: 'https://chatgpt.com/', cvar: '{"1":["a","b"]}', dimension1: 'x', idgoal: '1' },
    ...{ e_c: 'c', e_a: 'a', search: 'x', link: 'https://b.test/', pf_net: '7', ca: '1' },
  };
  const { row } = await track(chatbot({ ...kept, ...ignored, cdt }));
  expect(row).toEqual({
    site: 1,
    time: NOW - 60,
    name: 'ChatGPT-User',
    kind: 'page',
    url: PAGE,
    statusCode: 404,
    bytes: 5123,
    millis: 142,
    source: 'node',
  });
});

test('11.4 a time in the future is now, and one of yesterday without a token is invalid', async () => {
  expect((await track(chatbot({ cdt: String(NOW + 60) }))).row?.time).toBe(NOW);
  expect((await track(chatbot({ cdt: String(NOW - 90_000) }))).verdict).toBe('invalid');
});

test('11.5 what is unknown is left out, and 0 is stored as 0', async () => {
  const { row } = await track(chatbot());
  expect(Object.keys(row ?? {})).toEqual(['site', 'time', 'name', 'kind', 'url']);
  expect((await track(chatbot({ bw_bytes: '0' }))).row?.bytes).toBe(0);
});

test('11.6 a URL is cut at 1,024 bytes, and not stored if that halves a letter', async () => {
  const long = `${PAGE}/${'x'.repeat(2000)}`;
  expect((await track(chatbot({ url: long }))).row?.url).toBe(long.slice(0, 1024));
  expect((await track(chatbot({ url: long }), '5.7')).row?.url).toBe(long);
  const halved = `${PAGE}/`.padEnd(1023, 'x');
  const inspector = await startVersion();
  await sendBulk(inspector, [hit({ ua: CHATGPT, ...chatbot({ url: `${halved}é` }) })]);
  expect(inspector.aiRequests()).toEqual([
    { site: 1, time: NOW, name: 'ChatGPT-User', kind: 'page' },
  ]);
  const visit = await sendBulk(inspector, [hit({ ua: FIREFOX, url: `${halved}é` })]);
  expect(visit.status).toBe(500);
});

test('11.7 a document is not cut, and has no URL beyond 4,096 characters', async () => {
  const fits = `https://${'x'.repeat(4096)}`;
  expect((await track(chatbot({ download: fits }))).row).toMatchObject({
    kind: 'document',
    url: fits,
  });
  const { row } = await track(chatbot({ download: `${fits}x` }));
  expect(row?.kind).toBe('document');
  expect(row).not.toHaveProperty('url');
});

test('11.21 without ua, or with an empty one, the user agent of the sender counts', async () => {
  for (const ua of ['', undefined]) {
    const inspector = await startVersion();
    const parameters = { ...chatbot(), ...(ua === undefined ? {} : { ua }) };
    for (const userAgent of ['sender/1 ChatGPT-User', 'sender/1']) {
      await sendBulk(inspector, [hit(parameters)], { headers: { 'User-Agent': userAgent } });
    }
    expect(inspector.hits().map(({ verdict }) => verdict)).toEqual(['ai_chatbot', 'dropped']);
  }
});

test.each<[string, string, Version[]]>([
  ['Devin/1.0', 'Devin', ['5.7']],
  ['ChatGPT-User/1.0', 'ChatGPT-User', ['5.7', '5.8', '5.12', 'newest']],
  ['claude-user/1.0', 'Claude-User', ['5.7', '5.8', '5.12', 'newest']],
  ['Google-GeminiNotebook', 'Google-NotebookLM', ['newest']],
  ['DuckAssistBot/1.2', 'DuckAssistBot', ['newest']],
  ['Claude-User ChatGPT-User', 'ChatGPT-User', ['5.7', '5.8', '5.12', 'newest']],
])('%s is %s to the versions %j, and nothing to the others', async (ua, name, known) => {
  for (const version of VERSIONS) {
    const { row } = await track(chatbot({ ua }), version);
    expect([version, row?.name]).toEqual([version, known.includes(version) ? name : undefined]);
  }
});

test('without the plugin BotTracking every request by an AI chatbot is lost', async () => {
  const inspector = await start({ botTracking: false });
  const answer = await sendBulk(inspector, [hit({ ua: CHATGPT, ...chatbot({ bots: '1' }) })]);
  expect(await answer.json()).toMatchObject({ tracked: 1, invalid: 0 });
  expect(inspector.hits()[0]).toMatchObject({
    verdict: 'dropped',
    reason: expect.stringMatching(/^ua: /),
  });
});

test('shows the rows at /ai-requests, and forgets them with the hits', async () => {
  const inspector = await startVersion();
  await sendBulk(inspector, [hit({ ua: CHATGPT, ...chatbot() }), hit({ ua: FIREFOX, url: PAGE })]);
  const answer = await fetch(`${inspector.url}/ai-requests`);
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(await answer.json()).toEqual(inspector.aiRequests());
  expect(inspector.aiRequests()).toHaveLength(1);
  expect(inspector.hits()).toHaveLength(2);
  await fetch(`${inspector.url}/hits`, { method: 'DELETE' });
  expect(inspector.aiRequests()).toEqual([]);
});

test('a version that there is not is refused', async () => {
  await expect(startInspector({ matomoVersion: '5.9' as '5.8' })).rejects.toThrow(
    /^opentelemetry-matomo: matomoVersion .*"5\.8", .*"5\.9"/,
  );
});
