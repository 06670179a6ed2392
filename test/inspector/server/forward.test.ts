import { expect, test } from 'vitest';
import { MatomoSpanExporter } from '../../../src/index.js';
import type { Inspector, InspectorOptions } from '../../../src/inspector/index.js';
import { finishedSpan } from '../../support/builders.js';
import { eventually, startServer } from '../../support/child-process.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { startTap } from '../../support/matomo-tap.js';
import { hit, sendBulk, start } from '../inspector-client.js';

const TOKEN = 'c0ffee5ec2e7c0ffee5ec2e7c0ffee5e';
const UTF8 = 'é 日本 \u{1f600} "\\';

/** An inspector between two wires: what comes in, and what goes on to `far`. */
async function between(far: Inspector) {
  const [incoming, outgoing] = await Promise.all([startTap(), startTap()]);
  outgoing.forwardTo(far.url);
  const near = await start({ forward: outgoing.url });
  incoming.forwardTo(near.url);
  return { incoming, outgoing, near };
}

const HEADERS = /^(?:content-type|user-agent|authorization|accept-language|x-[\w-]+): .*$/gim;

test.each<[string, string, RequestInit]>([
  [
    'a bulk',
    '/matomo.php',
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'my-service/1' },
      body: `{ "requests":["?idsite=1&rec=1&action_name=${UTF8.replace(/["\\]/g, '')}"],\r\n"token_auth":"${TOKEN}"}`,
    },
  ],
  [
    'a bulk of another type, with a query',
    `/matomo.php?token_auth=${TOKEN}&x=%C3%A9+`,
    {
      method: 'POST',
      headers: {
        'content-type': 'text/plain;charset=x',
        'user-agent': 'a/1',
        'x-forwarded-for': '192.0.2.1',
      },
      body: JSON.stringify({ requests: [hit({ action_name: UTF8 })] }),
    },
  ],
  [
    'a form',
    '/matomo.php',
    {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'user-agent': 'b/1' },
      body: new URLSearchParams({ idsite: '1', rec: '1', action_name: UTF8 }),
    },
  ],
  [
    'a single hit',
    `/piwik.php${hit({ ua: 'curl' })}`,
    { method: 'POST', headers: { 'accept-language': 'de' } },
  ],
])('passes %s on with equal bytes', async (_, path, init) => {
  const far = await start();
  const { incoming, outgoing, near } = await between(far);
  const answer = await fetch(incoming.url + path, init);
  const body = Buffer.from(await answer.arrayBuffer());

  const [came] = incoming.requests();
  const [went] = outgoing.requests();
  expect(went?.body).toBe(came?.body);
  expect(went?.target).toBe(came?.target.replace('piwik', 'matomo'));
  expect(went?.head.match(HEADERS)?.sort()).toEqual(came?.head.match(HEADERS)?.sort());
  expect(far.hits()).toHaveLength(1);
  expect(near.hits().map(({ params }) => params)).toEqual(far.hits().map(({ params }) => params));
  expect(near.hits()[0]?.verdict).toBe('tracked');

  const direct = await fetch(far.url + path, init);
  expect(answer.status).toBe(direct.status);
  expect(answer.headers.get('content-type')).toBe(direct.headers.get('content-type'));
  expect(body.equals(Buffer.from(await direct.arrayBuffer()))).toBe(true);
  expect(JSON.stringify(near.hits())).not.toContain(TOKEN);
});

const FAR: InspectorOptions = { sites: { 1: {} }, tokens: { write: 'write', super: 'super' } };

test.each<[string, string[], string | undefined, string[]]>([
  ['all are tracked', [hit(), hit({ action_name: 'b' })], undefined, ['tracked', 'tracked']],
  ['a bot is dropped, though it counts', [hit({ ua: 'Googlebot' })], undefined, ['dropped']],
  ['none is valid', [hit({ idsite: '9' }), hit({ idsite: '8' })], 'write', ['invalid', 'invalid']],
  ['Matomo says which', [hit(), hit({ idsite: '9' })], 'super', ['tracked', 'invalid']],
  ['Matomo does not', [hit(), hit({ idsite: '9' })], 'write', ['unknown', 'unknown']],
  ['the rules here know', [hit(), hit({ cid: 'short' })], 'write', ['tracked', 'invalid']],
  ['one rolls all back', [hit(), hit({ ca: '1' })], 'write', ['refused', 'refused']],
])('has the verdict of Matomo: %s', async (_, requests, token, verdicts) => {
  const far = await start(FAR);
  const near = await start({ forward: far.url });
  const sending = token === undefined ? {} : { token };
  const answer = await sendBulk(near, requests, sending);
  expect(near.hits().map(({ verdict }) => verdict)).toEqual(verdicts);
  const rows = near.hits().filter(({ verdict }) => verdict === 'invalid' || verdict === 'refused');
  expect(rows.every(({ stored, reason }) => stored === null && reason)).toBe(true);
  expect(answer.status).toBe(verdicts.includes('refused') ? 500 : 200);
});

test.each<[number, string, string, string]>([
  [413, '', 'refused', 'Matomo answered 413'],
  [302, '', 'refused', 'Matomo answered 302'],
  [504, '', 'unknown', 'Matomo answered 504'],
  [204, '', 'unknown', expect.stringContaining('204')],
  [200, '<html>', 'unknown', expect.stringContaining('200')],
  [
    200,
    '{"status":"success","tracked":0,"invalid":0}',
    'dropped',
    expect.stringContaining('Matomo'),
  ],
  [200, 'Notice: x\n{"status":"success","tracked":1,"invalid":0}', 'tracked', ''],
])('gives an answer of %i with %j back, and reads it', async (status, body, verdict, reason) => {
  const far = await start();
  far.play({ status, body, headers: { 'retry-after': '7', location: '/elsewhere' } });
  const near = await start({ forward: far.url });
  const answer = await fetch(`${near.url}/matomo.php`, {
    method: 'POST',
    redirect: 'manual',
    body: JSON.stringify({ requests: [hit({ ua: 'curl' })] }),
  });
  expect(answer.status).toBe(status);
  expect(await answer.text()).toBe(body);
  expect(answer.headers.get('retry-after')).toBe('7');
  expect(answer.headers.get('location')).toBe('/elsewhere');
  expect(near.hits()[0]).toMatchObject({ verdict, ...(reason && { reason }) });
});

test.each([
  ['refuse', 502, 'refused', /ECONNREFUSED/],
  ['reset-after-commit', 504, 'unknown', /^Matomo did not answer \(/],
] as const)('says what it is when the way is broken: %s', async (kind, status, verdict, reason) => {
  const [wire, far] = await Promise.all([startFaultProxy(), start()]);
  wire.forwardTo(far.url);
  await wire.play({ kind });
  const near = await start({ forward: wire.url });
  const answer = await sendBulk(near, [hit()], { token: TOKEN });
  expect(answer.status).toBe(status);
  const text = await answer.text();
  expect(text).toMatch(/^opentelemetry-matomo inspect: Matomo /);
  expect(text).not.toContain(TOKEN);
  expect(near.hits()).toMatchObject([{ verdict, reason: expect.stringMatching(reason) }]);

  await wire.play();
  expect((await sendBulk(near, [hit({ action_name: 'late' })])).status).toBe(200);
  expect(near.hits().at(-1)?.verdict).toBe('tracked');
});

test('an address that cannot be Matomo’s is refused', async () => {
  await expect(start({ forward: 'ftp://matomo.test' })).rejects.toThrow(/forward must be a URL/);
  await expect(start({ forward: 'https://u:p@matomo.test' })).rejects.toThrow(/user name/);
});

test('the command passes on what a service sends, and never says its token', async () => {
  const far = await start({});
  const inspector = await startServer([
    'dist/esm/cli/main.js',
    ...['inspect', '--port', '0', '--forward', far.url],
  ]);
  expect(inspector.stdout()).toContain(`${far.url}/matomo.php`);
  const exporter = new MatomoSpanExporter({ url: inspector.url, siteId: 1, tokenAuth: TOKEN });
  const attributes = {
    'http.request.method': 'GET',
    'url.path': '/a',
    'http.response.status_code': 200,
  };
  exporter.export([finishedSpan({ attributes })], () => undefined);
  await exporter.forceFlush();
  await exporter.shutdown();
  expect(exporter.stats().tracked).toBe(1);
  expect(far.hits()).toMatchObject([{ params: { action_name: 'GET /a' }, verdict: 'tracked' }]);
  await eventually(() => inspector.stdout().includes('GET /a'));
  expect(inspector.stdout() + inspector.stderr()).not.toContain(TOKEN);
  expect(await inspector.stop('SIGINT')).toEqual({ code: 0, signal: null });
});

test('a request by an AI chatbot is one as long as Matomo does not call it invalid', async () => {
  const chatbot = hit({ recMode: '1', ua: 'ChatGPT-User/1.0', url: 'https://a.test/' });
  const near = await start({ forward: (await start({})).url });
  await sendBulk(near, [chatbot]);
  expect(near.hits()).toMatchObject([{ verdict: 'ai_chatbot' }]);
  expect(near.aiRequests()).toMatchObject([{ name: 'ChatGPT-User', url: 'https://a.test/' }]);

  const other = await start({ forward: (await start({ sites: { 2: {} } })).url });
  await sendBulk(other, [chatbot]);
  expect(other.hits()).toMatchObject([{ verdict: 'invalid', stored: null }]);
  expect(other.aiRequests()).toEqual([]);
});
