import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { requestWith } from '../support/builders.js';
import { sorted } from '../support/sorted.js';
import { startTracedService } from '../support/traced-service.js';

test('languages of one user agent that take turns are not mixed up, and are one object each', () => {
  const languages = Array.from({ length: 30 }, (_, i) => `l${i}`);
  const headersOf = (language?: string) => ({
    'user-agent': 'curl/8',
    ...(language !== undefined && { 'accept-language': language }),
  });
  for (const language of [...languages, ...languages, undefined, 'x'.repeat(1000), undefined]) {
    const { userAgent, acceptLanguage, client } = requestWith(headersOf(language));
    client?.remember();
    expect([userAgent, acceptLanguage]).toEqual(['curl/8', language]);
    expect(client).toMatchObject({ userAgent: 'curl/8', acceptLanguage: language });
  }
  const [first] = languages;
  const { client } = requestWith(headersOf(first));
  client?.remember();
  requestWith(headersOf('l1')).client?.remember();
  expect(requestWith(headersOf(first)).client).toBe(client);
});

test('only the client of a request that is tracked is remembered', () => {
  const read = () => requestWith({ 'user-agent': 'remembered/1' }).client;
  const [first, second] = [read(), read()];
  expect(second).not.toBe(first);
  second?.remember();
  expect(read()).toBe(second);
});

test('headers that the application has replaced by other values are read as if they were missing', () => {
  const read = (headers: object) => requestWith(headers);
  const strange = { 'user-agent': 'curl/8', 'accept-language': null };
  expect(read(strange)).toMatchObject({ userAgent: 'curl/8', acceptLanguage: undefined });
  expect(read({ 'user-agent': 7, 'accept-language': 'sv' })).toMatchObject({
    userAgent: undefined,
    acceptLanguage: 'sv',
  });
  expect(read({ 'user-agent': ['curl/8', 'curl/9'] })).toMatchObject({ userAgent: 'curl/8' });
});

test.each<[string, object, object]>([
  ['unchanged', {}, { userAgent: 'curl/8', acceptLanguage: 'sv' }],
  ['another agent', { 'user-agent': 'curl/9' }, { userAgent: 'curl/9', acceptLanguage: 'sv' }],
  ['another language', { 'accept-language': 'de' }, { acceptLanguage: 'de' }],
  ['no language', { 'accept-language': undefined }, { acceptLanguage: undefined }],
  ['no agent', { 'user-agent': undefined }, { client: undefined, acceptLanguage: 'sv' }],
])(
  'a client that was read when the request began is used if its headers are as they were: %s',
  (_name, changed, expected) => {
    const sent = { 'user-agent': 'curl/8', 'accept-language': 'sv' };
    const { client: known } = requestWith(sent);
    const read = requestWith({ ...sent, ...changed }, known);
    expect(read).toMatchObject(expected);
    expect(read.client === known).toBe(Object.keys(changed).length === 0);
  },
);

test('requests that share a connection, as those of a proxy, have each the client of their own headers', async () => {
  const connections = new Set<number | undefined>();
  const service = await startTracedService((request, response) => {
    connections.add(request.socket.remotePort);
    response.end();
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const clients = ['ann de', 'bob de', 'bob en', 'bob en', 'ann de'];
  for (const client of clients) {
    const [userAgent, language] = client.split(' ');
    const headers = { 'user-agent': userAgent, 'accept-language': language };
    const [response] = await once(get({ port: service.port, agent, headers }), 'response');
    await once(response.resume(), 'end');
  }
  await service.requests(clients.length);
  const hits = await service.hits();
  expect(connections.size).toBe(1);
  expect(sorted(hits.map(({ params }) => `${params.ua} ${params.lang}`))).toEqual(sorted(clients));
});
