import { expect, test } from 'vitest';
import { noToken } from '../../../src/cli/doctor/check-storing.js';
import { checkWithApi, runChecks } from '../../support/cli.js';
import { matomoOnWire } from '../../support/fault-proxy.js';
import { listen } from '../../support/listen.js';
import { type ApiRole, startMatomoApi, tokenOf } from '../../support/matomo-api.js';

const TOKEN = 'c0ffee5ec2e7c0ffee5ec2e7c0ffee5e';
const KEPT = '{"status":"success","tracked":1,"invalid":0}';
const ROLLED_BACK = '{"status":"error","tracked":0,"invalid":0}';

test('a Matomo that is as it should be: nothing is wrong, nothing is stored, the token was tried', async () => {
  const { inspector, wire } = await matomoOnWire();
  const { url } = await startMatomoApi({ tracker: inspector.url });
  wire.forwardTo(url);
  const token = tokenOf('write');
  const env = { MATOMO_URL: wire.url, MATOMO_SITE_ID: '1', MATOMO_TOKEN_AUTH: token };
  const { code, findings, about, output } = await runChecks(env);
  expect(code).toBe(0);
  const open = findings.filter(({ verdict }) => verdict !== 'ok');
  expect(open.map(({ check, verdict }) => [check, verdict])).toEqual([
    ['preload', 'unknown'],
    ['storing', 'unknown'],
  ]);
  const found = expect.stringMatching(/write.*site 1$/);
  expect(about('token')).toMatchObject([{ verdict: 'ok', found }]);
  // What it excludes by a title or an event, no answer shows.
  expect(about('storing')[0]).toMatchObject({ found: expect.stringContaining('exclude_requests') });
  expect(inspector.hits().filter(({ stored }) => stored !== null)).toEqual([]);
  expect(output).not.toContain(token);
  for (const { head } of wire.requests()) expect(head).not.toContain(token);
});

test('with --send one page view is stored, and doctor names it', async () => {
  const { inspector, env } = await matomoOnWire();
  const { code, about } = await runChecks(env, { sends: true });
  const stored = inspector.hits().flatMap((hit) => hit.stored ?? []);
  expect(stored).toMatchObject([{ title: 'opentelemetry-matomo doctor', type: 'page' }]);
  expect(code).toBe(0);
  const found = expect.stringContaining(`"${stored[0]?.title}"`);
  expect(about('storing').at(-1)).toMatchObject({ verdict: 'ok', found });
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

test.each<[ApiRole, site: string, found: RegExp]>([
  ['view', '1', /^the token may only view site 1$/],
  ['noaccess', '1', /^the token has no access to site 1$/],
  ['write', '9', /^the token has no access to site 9; it has write access to site/],
])('a token of role %s for site %s is told apart by the API', async (role, site, found) => {
  const { about, code } = await checkWithApi({}, { role, env: { MATOMO_SITE_ID: site } });
  const finding = { code: 'token-rejected', found: expect.stringMatching(found) };
  expect(about('token')).toMatchObject([{ verdict: 'problem', ...finding }]);
  expect(code).toBe(1);
});

test.each([
  ['403 Forbidden', /^urls/, '', /no write access to site 1\b.*It was tried once.*failures/],
  ['500 No', /"token_auth"/, ROLLED_BACK, /locked out/],
])(
  'a token is shown once to a tracker whose API is not reachable, with %s for %o',
  async (status, asked, body, text) => {
    const { wire, env } = await matomoOnWire({ tokens: { [TOKEN]: [2] }, sites: { 1: {}, 2: {} } });
    await wire.play({ kind: 'answer', where: (sent) => asked.test(sent), status, body });
    const { code, about, output } = await runChecks({ ...env, MATOMO_TOKEN_AUTH: TOKEN });
    const finding = { code: 'token-rejected', found: expect.stringMatching(text) };
    expect(about('token')).toMatchObject([{ verdict: 'problem', ...finding }]);
    const shown = wire.requests().map((request) => request.body);
    expect(shown.filter((one) => /"requests".*"token_auth"/.test(one))).toHaveLength(1);
    expect(code).toBe(1);
    expect(output).not.toContain(TOKEN);
  },
);

test.each([
  [{ status: 500, body: ROLLED_BACK }, 'rolled-back'],
  [{}, undefined], // there is no such site
])('a token is shown to nobody but Matomo, with %j', async (answer, problem) => {
  const { inspector, wire, env } = await matomoOnWire({ sites: { 2: {} } });
  inspector.play(answer);
  const { code, about } = await runChecks({ ...env, MATOMO_TOKEN_AUTH: TOKEN });
  expect(about('matomo')[0]?.code).toBe(problem);
  expect(about('token')).toEqual([]);
  expect(wire.requests().filter((request) => request.body.includes(TOKEN))).toEqual([]);
  expect(code).toBe(1);
});

const STABLE = {
  pageViews: true,
  visitorKey: undefined,
  visitorId: 'auto',
  spool: undefined,
} as const;

test.each([
  [STABLE, 'warning', /each process has its own visitors/],
  [{ ...STABLE, spool: '/spool' }, 'warning', /every visitor$/],
  [{ ...STABLE, visitorKey: 'daily' }, 'ok', /have a key/],
  [{ ...STABLE, pageViews: false }, 'ok', /none is needed/],
] as const)('without a token, with %o', (options, verdict, found) => {
  const finding = noToken(options);
  expect(finding).toMatchObject({ verdict, found: expect.stringMatching(found) });
  if (verdict === 'warning') expect(finding.advice).toContain('MATOMO_VISITOR_KEY');
});
