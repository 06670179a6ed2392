// Rows 1 to 9 of README.md: where hits go, and which requests make one.
import { expect, test } from 'vitest';
import { MatomoSpanProcessor } from '../../../src/index.js';
import { startInspector } from '../../../src/inspector/index.js';
import { startTap } from '../../support/matomo-tap.js';
import { captureOutput } from '../../support/output.js';
import { rawRequest, sendRaw } from '../../support/raw-request.js';
import { sorted } from '../../support/sorted.js';
import { storedTitles } from '../../support/stored.js';
import { startTracedService } from '../../support/traced-service.js';
import { startVariants } from '../../support/variants.js';

const ok = (_request: unknown, response: { end(): unknown }) => void response.end();

test('row 1: url is a base or an endpoint, with slashes or without, and matomo.php is added once', async () => {
  const addresses = {
    '': '/matomo.php',
    '/': '/matomo.php',
    '//': '/matomo.php',
    '/matomo.php': '/matomo.php',
    '/piwik.php': '/piwik.php',
    '/stats/piwik.php': '/stats/piwik.php',
    '/stats/': '/stats/matomo.php',
    '/notmatomo.php': '/notmatomo.php/matomo.php',
  };
  const [matomo, tap] = await Promise.all([startInspector(), startTap()]);
  tap.forwardTo(matomo.url);
  const options = Object.keys(addresses).map((address) => [address, { url: tap.url + address }]);
  const service = await startVariants(ok, Object.fromEntries(options));
  await service.fetch('/a');
  for (const variant of Object.values(service.of)) await variant.hitsOf(1);
  expect(tap.requests().map(({ target }) => target)).toEqual(Object.values(addresses));
  expect(matomo.hits().map((hit) => hit.stored?.title)).toEqual(
    Object.keys(addresses).map(() => 'GET /a'),
  );
  await matomo.close();
  expect(() => new MatomoSpanProcessor({ url: '', siteId: 1 })).toThrow(/url must be a URL/);
});

test('row 2: siteId is required, a number or its digits; without it the application runs untracked', async () => {
  const output = captureOutput();
  const service = await startVariants(ok, {
    number: { siteId: 7 },
    digits: { siteId: '8' },
    missing: { siteId: undefined },
  });
  expect((await service.fetch('/a')).status).toBe(200);
  expect((await service.of.number.hitsOf(1))[0]?.stored).toMatchObject({ idsite: 7 });
  expect((await service.of.digits.hitsOf(1))[0]?.stored).toMatchObject({ idsite: 8 });
  expect(await service.of.missing.hitsOf(0)).toEqual([]);
  expect(output).toEqual([
    expect.stringMatching(/ siteId \(MATOMO_SITE_ID\)\..* \[options-missing\]\n$/),
  ]);
  for (const siteId of [0, -1, 1.5, '', 'one', Number.NaN, null]) {
    expect(() => new MatomoSpanProcessor({ url: 'http://x', siteId: siteId as never })).toThrow(
      /^opentelemetry-matomo: siteId must be/,
    );
  }
});

test('row 3: with a token the client’s address is sent, without one it is not', async () => {
  const matomo = await startInspector({ tokens: { writer: { role: 'write', sites: [1] } } });
  const url = matomo.url;
  const service = await startVariants(ok, {
    with: { url, tokenAuth: 'writer', actionName: 'with' },
    without: { url, actionName: 'without' },
  });
  await sendRaw({ port: service.port, localAddress: '127.0.0.2' }, rawRequest('/'));
  await service.of.with.hitsOf(1);
  await service.of.without.hitsOf(1);
  const hits = matomo
    .hits()
    .map(({ verdict, stored, params }) => [stored?.title, verdict, params.cip]);
  expect(Object.fromEntries(hits.map(([title, ...rest]) => [title, rest]))).toEqual({
    with: ['tracked', '127.0.0.2'],
    without: ['tracked', undefined],
  });
  await matomo.close();
});

test('row 4: baseUrl replaces scheme and host and loses its last slash', async () => {
  const service = await startVariants(ok, {
    host: { baseUrl: 'https://api.example.org' },
    path: { baseUrl: 'http://www.example.org:8080/shop/' },
  });
  await service.fetch('/users/1?a=1', { headers: { host: 'other.test' } });
  expect((await service.of.host.hitsOf(1))[0]?.stored?.url).toBe(
    'https://api.example.org/users/1?a=1',
  );
  expect((await service.of.path.hitsOf(1))[0]?.stored?.url).toBe(
    'http://www.example.org:8080/shop/users/1?a=1',
  );
});

test('row 5: ignored paths are left out, with a slash at the end or without, whatever the query', async () => {
  const service = await startTracedService(ok, { ignorePaths: ['/health', '/a.b'] });
  const tracked = ['/healthz', '/v1/health', '/HEALTH', '/axb', '/x?/health'];
  for (const path of ['/health', '/health/', '/health?deep=1', '/a.b', ...tracked])
    await service.fetch(path);
  await service.requests(9);
  expect(storedTitles(await service.hits())).toEqual(
    sorted(tracked.map((path) => `GET ${path.replace(/\?.*/, '')}`)),
  );
  expect(service.processor.stats().ignored).toMatchObject({ path: 4, pattern: 0, method: 0 });
});

test('row 6: ignored patterns match anywhere in the path, and never in the query', async () => {
  const service = await startTracedService(ok, { ignorePatterns: [/\/internal\//i, '^/admin'] });
  const ignored = ['/v1/INTERNAL/x', '/admin', '/administrators?x=1'];
  const tracked = ['/internal', '/v1/admin', '/x?y=/internal/'];
  for (const path of [...ignored, ...tracked]) await service.fetch(path);
  await service.requests(6);
  expect(storedTitles(await service.hits())).toEqual(['GET /internal', 'GET /v1/admin', 'GET /x']);
  expect(service.processor.stats().ignored).toMatchObject({ path: 0, pattern: 3 });
});

test('row 7: ignored user agents match anywhere in theirs, and given ones replace the default', async () => {
  const service = await startVariants(ok, {
    own: { ignoreUserAgents: [/monitor/i, '^curl/'] },
    byDefault: {},
  });
  const agents = ['My-Monitor/2', 'curl/8.5.0', 'libcurl/8', 'kube-probe/1.29', 'Mozilla/5.0'];
  for (const agent of agents) await service.fetch('/', { headers: { 'user-agent': agent } });
  const own = await service.of.own.hitsOf(5);
  expect(sorted(own.map(({ params }) => params.ua))).toEqual([
    'Mozilla/5.0',
    'kube-probe/1.29',
    'libcurl/8',
  ]);
  const byDefault = await service.of.byDefault.hitsOf(5);
  expect(sorted(byDefault.map(({ params }) => params.ua))).toEqual(
    sorted(agents.filter((agent) => agent !== 'kube-probe/1.29')),
  );
  for (const { processor } of Object.values(service.of)) {
    expect(processor.stats().ignored.user_agent).toBe(
      processor === service.of.own.processor ? 2 : 1,
    );
  }
});

test('row 8: allowed methods are tracked and no others, in whatever case they are given', async () => {
  const service = await startTracedService(ok, { allowedMethods: ['get', 'Post', 'PROPFIND'] });
  const methods = ['GET', 'POST', 'PROPFIND', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'REPORT'];
  for (const method of methods) await service.fetch('/', { method });
  await service.requests(8);
  expect(storedTitles(await service.hits())).toEqual(['GET /', 'POST /', 'PROPFIND /']);
  expect(service.processor.stats().ignored.method).toBe(5);
});

test('row 9: ignored methods win over allowed ones', async () => {
  const service = await startVariants(ok, {
    both: { allowedMethods: ['GET', 'POST'], ignoredMethods: ['post', 'PUT'] },
    ignored: { ignoredMethods: ['Get'] },
  });
  for (const method of ['GET', 'POST', 'PUT', 'DELETE']) await service.fetch('/', { method });
  expect(storedTitles(await service.of.both.hitsOf(4))).toEqual(['GET /']);
  expect(storedTitles(await service.of.ignored.hitsOf(4))).toEqual(['DELETE /', 'POST /', 'PUT /']);
});
