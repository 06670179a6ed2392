import { expect, test } from 'vitest';
import { createIsAiChatbot, hasBody, readBodySize } from '../../../src/hit/bots/ai-chatbot-hit.js';
import { isDocument } from '../../../src/hit/bots/documents.js';
import { rawField } from '../../../src/hit/field.js';
import { createHitBuilder } from '../../../src/hit/hit-builder.js';
import type { HttpRequest } from '../../../src/hit/http-request.js';
import { Client } from '../../../src/hit/visitor/client.js';
import { readsContent } from '../../../src/pipeline/ignore-reasons.js';
import {
  annotations,
  HIT_OPTIONS,
  hitsOf,
  httpRequest,
  NOON,
  parametersOf,
} from '../../support/builders.js';

import { CHATGPT } from '../../support/chatbots.js';

const NOTHING_KNOWN = { contentType: undefined, bodyBytes: undefined };

function chatbotRequest(overrides: Partial<HttpRequest> = {}): HttpRequest {
  const chatbotResponse = { contentType: 'text/html', bodyBytes: 5123 };
  return httpRequest({ userAgent: CHATGPT, chatbotResponse, ...overrides });
}

const ALONE = { pageViews: false };
const urlOf = (request: Partial<HttpRequest>, options = {}) =>
  parametersOf(chatbotRequest(request), { ...ALONE, ...options }).parameters.url;

test('a hit of an AI chatbot is the page view, and what the reports on AI chatbots are made of', () => {
  const request = chatbotRequest({ annotations: [annotations({ timings: { pf_tfr: 5 } })] });
  const { chatbotResponse, ...asPerson } = request;
  expect(parametersOf(request).parameters).toEqual({
    ...parametersOf(asPerson).parameters,
    recMode: '1',
    http_status: '200',
    bw_bytes: '5123',
    pf_srv: '12', // not 7: the whole duration
    source: 'opentelemetry-matomo',
  });
  expect(parametersOf(request).parameters).toMatchObject({ bots: '1', pf_tfr: '5' });
});

test('with pageViews: false it has nothing else', () => {
  const request = chatbotRequest({
    query: 'page=2',
    isAiAgent: true,
    annotations: [annotations({ userId: 'u', cvar: { a: 1 }, parameters: { url: 'https://x/' } })],
  });
  const { parameters } = parametersOf(request, {
    ...ALONE,
    hasToken: true,
    dimensions: { 1: 'http.route' },
    routeDetails: { '/users/:id': { action_name: 'x' } },
  });
  expect(parameters).toEqual({
    idsite: '1',
    rec: '1',
    apiv: '1',
    recMode: '1',
    url: 'https://shop.example.org/users/42?page=2',
    ua: CHATGPT,
    http_status: '200',
    bw_bytes: '5123',
    pf_srv: '12',
    source: 'opentelemetry-matomo',
    cdt: String(NOON / 1000),
  });
});

test.each([true, false])('what is not known is left out, with pageViews: %s', (pageViews) => {
  const request = chatbotRequest({ chatbotResponse: NOTHING_KNOWN, durationMillis: 1e9 });
  const { parameters } = parametersOf(request, { pageViews });
  expect(parameters).not.toHaveProperty('bw_bytes');
  expect(parameters).not.toHaveProperty('pf_srv');
});

test('what an application adds to the hit has no effect on what Matomo reads', () => {
  const own = { url: 'https://x/', download: 'https://x/f', ua: 'x', pf_srv: 1, source: 'x' };
  const request = chatbotRequest({
    chatbotResponse: NOTHING_KNOWN,
    annotations: [annotations({ parameters: { ...own, bw_bytes: 5, http_status: 418 } })],
  });
  const { parameters } = parametersOf(request);
  expect(parameters).toMatchObject({ ua: CHATGPT, pf_srv: '12', source: 'opentelemetry-matomo' });
  expect(parameters).toMatchObject({ url: 'https://shop.example.org/users/42' });
  expect(parameters).toMatchObject({ http_status: '200' });
  expect(parameters).not.toHaveProperty('download');
  expect(parameters).not.toHaveProperty('bw_bytes');
});

test('11.6 the URL is the one that people get, without campaigns', () => {
  expect(urlOf({ host: 'SHOP.Example.org:443' })).toBe('https://shop.example.org/users/42');
  expect(urlOf({ host: 'user:password@shop.example.org' })).not.toContain('password');
  expect(urlOf({ path: '/a', query: 'x=1#part' })).not.toContain('#');
  const campaigns = [
    ...['utm_source', 'UTM_ID', 'mtm_campaign', 'pk_kwd', 'piwik_campaign', 'matomo_kwd'],
    ...['gclid', 'fbclid'],
  ];
  for (const name of campaigns) {
    expect(urlOf({ query: `a=1&${name}=x&b=2` })).toBe('https://shop.example.org/users/42?a=1&b=2');
  }
  expect(urlOf({ query: 'a=1;utm_source=x&amp;utm_id=1' })).toMatch(/\?a=1$/);
  expect(urlOf({ query: 'token=1' })).toMatch(/\?token=redacted$/);
  expect(urlOf({ query: 'a=1&b=2' }, { query: ['b'] })).toMatch(/42\?b=2$/);
  expect(urlOf({ path: `/${'é'.repeat(2000)}` })?.length).toBeLessThanOrEqual(1024);
  // A person keeps them: Matomo reads the campaign from there.
  const person = httpRequest({ query: 'utm_source=chatgpt.com' });
  expect(parametersOf(person).parameters.url).toMatch(/\?utm_source=chatgpt\.com$/);
});

test.each([true, false])(
  '11.7 a document has no query and no url, with pageViews: %s',
  (pageViews) => {
    const request = chatbotRequest({
      path: '/guide',
      query: 'a=1&b=2',
      chatbotResponse: { contentType: 'application/pdf; x=y', bodyBytes: 5 },
    });
    const { parameters } = parametersOf(request, { pageViews });
    expect(parameters.download).toBe('https://shop.example.org/guide');
    expect(parameters).not.toHaveProperty('url');
  },
);

test('an event of a request for a document has the URL of the request', () => {
  const builder = createHitBuilder(HIT_OPTIONS, () => undefined);
  const chatbotResponse = { contentType: 'application/pdf', bodyBytes: 5 };
  const request = chatbotRequest({ path: '/guide', query: 'a=1', chatbotResponse });
  const event = { fields: [rawField('e_c', 'a'), rawField('e_a', 'b')], epochMillis: NOON };
  const hit = builder.buildFurtherHit(event, builder.read(request, 1, NOON), NOON);
  expect(hit?.query).toContain('&url=https://shop.example.org/guide?a=1&');
});

test.each<[path: string, status: number, type: string | undefined, isDocument: boolean]>([
  ['/a', 200, 'application/pdf', true],
  ['/a', 200, 'Application/PDF', true],
  ['/a', 200, 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', true],
  ['/a', 200, 'application/vnd.oasis.opendocument.text', true],
  ['/a', 200, 'application/zip', true],
  ['/a', 200, 'application/epub+zip', true],
  ['/a', 200, 'text/csv; charset=utf-8', true],
  ['/a', 200, 'audio/mpeg', true],
  ['/a', 200, 'video/mp4', true],
  ['/a.pdf', 304, undefined, true],
  ['/a.PDF', 404, 'text/html', true],
  ['/a.zip', 500, 'text/plain', true],
  ['/a.pdf', 200, 'application/octet-stream', true],
  ['/a.pdf', 200, undefined, true],
  ['/a.pdf', 200, 'text/html', false],
  ['/a.json', 200, 'application/json', false],
  ['/a.xml', 200, 'application/xml', false],
  ['/a.txt', 200, 'text/plain', false],
  ['/a.md', 200, 'text/markdown', false],
  ['/a.json', 404, undefined, false],
  ['/a', 404, 'application/pdf', false],
  ['/a', 200, undefined, false],
  ['/pdf', 200, '', false],
])('11.7 %s answered with %i and %s is a document: %s', (path, status, type, expected) => {
  expect(isDocument(path, status, type)).toBe(expected);
});

test.each([301, 302, 303, 307, 308])('11.9 a redirect with %i is not content', (statusCode) => {
  expect(readsContent({ path: '/', statusCode })).toBe(false);
});
test.each([200, 300, 304, 400, 401, 404, 410, 429, 499, 500, 503])(
  '11.9 an answer with %i is content',
  (statusCode) => {
    expect(readsContent({ path: '/', statusCode })).toBe(true);
  },
);

test.each<[string | undefined, boolean]>([
  ['bytes=0-', true],
  ['bytes=0-1023', true],
  ['Bytes = 00 - 5, 7-9', true],
  ['bytes=1024-', false],
  ['bytes=10-', false],
  ['bytes=-500', false],
  [undefined, false],
])('11.10 a part of a document counts only if it is the first: %s', (range, expected) => {
  expect(readsContent({ path: '/a.pdf', statusCode: 206 }, undefined, range)).toBe(expected);
});

test('11.8 static files are not content', () => {
  for (const path of ['/a.css', '/robots.txt', '/sitemap.xml', '/app.js', '/a/b.woff2']) {
    expect(readsContent({ path, statusCode: 200 })).toBe(false);
  }
  for (const path of ['/llms.txt', '/a.md', '/feed.xml', '/a.pdf']) {
    expect(readsContent({ path, statusCode: 200 })).toBe(true);
  }
});

test.each<[string, boolean]>([
  ['matomo_has_js=1', false],
  ['a=b; matomo_has_js=1', false],
  ['matomo_has_js=1; a=b', false],
  ['matomo_has_js=10', true],
  ['x_matomo_has_js=1', true],
  ['matomo_has_js=0', true],
])('11.12 with the cookie %s a chatbot is read by its server: %s', (cookie, expected) => {
  expect(readsContent({ path: '/', statusCode: 200 }, cookie)).toBe(expected);
});

test('sizes of spans are read in order, and only if they are whole numbers', () => {
  const size = (value: unknown) => readBodySize({ 'http.response.body.size': value });
  expect([5, 0, '142', 4_294_967_295].map(size)).toEqual([5, 0, 142, 4_294_967_295]);
  const unfit = ['', '-1', -1, 1.5, '1.5', ' 5', 4_294_967_296, '99999999999', true, null, NaN];
  for (const value of unfit) expect(size(value)).toBeUndefined();
  expect(size(['17'])).toBe(17);
  const names = [
    'http.response.body.size',
    'http.response_content_length',
    'http.response.header.content_length',
    'http.wrote_bytes',
    'response_size',
  ];
  for (const [i, name] of names.entries()) {
    const weaker = Object.fromEntries(names.slice(i + 1).map((other) => [other, 9]));
    expect(readBodySize({ ...weaker, [name]: 5 })).toBe(5);
  }
  expect(readBodySize({ 'http.response.body.size': '', 'http.wrote_bytes': 7 })).toBe(7);
  expect([hasBody('HEAD', 200), hasBody('GET', 204), hasBody('GET', 304)]).not.toContain(true);
  expect(hasBody('GET', 200)).toBe(true);
});

test('beforeSend sees a hit of an AI chatbot, and cannot make a visit of it', () => {
  for (const pageViews of [true, false]) {
    const plain = hitsOf(chatbotRequest(), { pageViews }).hits[0];
    const seen: Record<string, string>[] = [];
    const beforeSend = (parameters: Record<string, string>) => {
      seen.push(parameters);
      const { recMode, ...others } = parameters;
      return others;
    };
    const { hits, reports } = hitsOf(chatbotRequest(), { pageViews, beforeSend });
    expect([seen, hits, reports]).toEqual([[plain], [plain], []]);
  }
});

test('every hit of a request that an AI agent has signed is marked', () => {
  const signed = { ai_s: '1', ai_si: '1', ai_sa: '"https://chatgpt.com"' };
  const failed = { statusCode: 500, annotations: [annotations({ errorType: 'TypeError' })] };
  const request = httpRequest({ ...failed, isAiAgent: true });
  for (const beforeSend of [undefined, (parameters: Record<string, string>) => parameters]) {
    expect(hitsOf(httpRequest({ isAiAgent: true }), { beforeSend }).hits).toMatchObject([signed]);
    const { hits, reports } = hitsOf(request, { beforeSend });
    expect([hits, reports]).toMatchObject([[signed], []]);
  }
  expect(hitsOf(httpRequest()).hits[0]).not.toHaveProperty('ai_s');
});

test('what a list of AI chatbots says about a client is not taken for what another one says', () => {
  const client = new Client('x amzn-user/1', undefined);
  const isChatbot = (names: readonly string[]) => createIsAiChatbot(names)(client);
  expect(isChatbot(['Amzn-User'])).toBe(true);
  expect(isChatbot(['Claude-User'])).toBe(false);
  expect(isChatbot(['Amzn-User'])).toBe(true);
});
