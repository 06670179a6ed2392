import { expect, test } from 'vitest';
import { runChecks } from '../../support/cli.js';
import { matomoOnWire } from '../../support/fault-proxy.js';
import { listen } from '../../support/listen.js';

const TOKEN = 'c0ffee5ec2e7c0ffee5ec2e7c0ffee5e';

const KEPT = '{"status":"success","tracked":1,"invalid":0}';

test('a Matomo that is as it should be: nothing is wrong, nothing is stored, the token was tried', async () => {
  const { inspector, wire, env } = await matomoOnWire({
    sites: { 1: {} },
    customVariables: true,
    tokens: { [TOKEN]: 'write' },
  });
  const { code, findings, about, output } = await runChecks({ ...env, MATOMO_TOKEN_AUTH: TOKEN });
  expect(code).toBe(0);
  const open = findings.filter(({ verdict }) => verdict !== 'ok');
  expect(open.map(({ check, verdict }) => [check, verdict])).toEqual([
    ['tracing', 'unknown'],
    ['reports', 'unknown'],
    ['chatbots', 'unknown'],
    ['storing', 'unknown'],
  ]);
  expect(about('token')).toEqual([
    { check: 'token', verdict: 'ok', found: expect.stringMatching(/write.*site 1$/) },
  ]);
  // What it excludes by a title or an event, no answer shows.
  expect(about('storing')[0]).toMatchObject({ found: expect.stringContaining('exclude_requests') });
  const stored = inspector.hits().map((hit) => hit.stored);
  expect(stored).toEqual(Array(4).fill(null)); // the questions; without the plugin, `spam` asks nothing
  expect(output).not.toContain(TOKEN);
  for (const { head } of wire.requests()) expect(head).not.toContain(TOKEN);
});

test('with --send one page view is stored, and doctor names it', async () => {
  const { inspector, env } = await matomoOnWire();
  const { code, about } = await runChecks(env, { sends: true });
  const stored = inspector.hits().flatMap((hit) => hit.stored ?? []);
  expect(stored).toMatchObject([{ title: 'opentelemetry-matomo doctor', type: 'page' }]);
  expect(code).toBe(0);
  expect(about('storing').at(-1)).toMatchObject({
    verdict: 'ok',
    found: expect.stringContaining(`"${stored[0]?.title}"`),
  });
});

test.each([
  [{}, 'warning', /MATOMO_BASE_URL.*exclude_requests/],
  [{ MATOMO_BASE_URL: 'https://shop.test' }, 'problem', /./],
])('hits that Matomo drops without a word are found, with %o', async (given, verdict, text) => {
  const { inspector, env } = await matomoOnWire();
  inspector.play({ body: KEPT, contentType: 'application/json' }); // also to a hit that it would have to refuse
  const { code, about } = await runChecks({ ...env, ...given });
  const advice = expect.stringMatching(text);
  expect(about('storing')).toMatchObject([{ verdict, code: 'silently-dropped', advice }]);
  expect(code).toBe(verdict === 'problem' ? 1 : 0);
});

test('a database that does not answer is found where the tracker itself does', async () => {
  const { wire, env } = await matomoOnWire();
  const isPing = (body: string) => body.includes('ping=1');
  await wire.play({ kind: 'answer', where: isPing, status: '500 No' });
  const { code, about } = await runChecks(env);
  const advice = expect.stringMatching(/database/);
  expect(about('storing')).toMatchObject([{ verdict: 'problem', code: 'rolled-back', advice }]);
  expect(code).toBe(1);
});

test('past QueuedTracking the questions are answered', async () => {
  const { inspector } = await matomoOnWire({ sites: { 1: {} } });
  const url = await listen((request, response) => {
    request.on('error', () => undefined);
    if (!request.url?.endsWith('?queuedtracking=0')) {
      request.resume();
      response.writeHead(200, { 'content-type': 'image/gif' }).end();
      return;
    }
    const asked = { method: 'POST', body: request, duplex: 'half' } as never;
    void fetch(inspector.url + request.url, asked)
      .then((answer) => answer.text())
      .then((text) => response.setHeader('content-type', 'application/json').end(text));
  });
  const there = await runChecks({ MATOMO_URL: url, MATOMO_SITE_ID: '1' });
  expect(there.about('queue')).toMatchObject([{ verdict: 'warning', code: 'queued-tracking' }]);
  expect(there.about('site')).toMatchObject([{ verdict: 'ok' }]);
  const missing = await runChecks({ MATOMO_URL: url, MATOMO_SITE_ID: '2' });
  expect(missing.about('site')).toMatchObject([{ verdict: 'problem', code: 'site-unknown' }]);
  expect([there.code, missing.code]).toEqual([0, 1]);
});
