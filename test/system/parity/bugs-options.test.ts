// Bugs 19 to 21 of README.md: options that do not mean what they say.
import { METHODS, type RequestListener } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { MatomoSpanProcessor } from '../../../src/index.js';
import { startInspector } from '../../../src/inspector/index.js';
import { startTap } from '../../support/matomo-tap.js';
import { captureOutput } from '../../support/output.js';
import { rawRequest, sendRaw } from '../../support/raw-request.js';
import { sorted } from '../../support/sorted.js';
import { storedTitles } from '../../support/stored.js';
import { startTracedService } from '../../support/traced-service.js';
import { startVariants } from '../../support/variants.js';

const ok: RequestListener = (_request, response) => void response.end();

test('bug 19: every method is tracked under its name, lists are in any case, and an empty list is refused', async () => {
  const methods = METHODS.filter((method) => method !== 'CONNECT'); // no request to Node, but a tunnel
  const allowed = ['propfind', 'Get'];
  const ignored = ['head', 'OPTIONS'];
  const service = await startVariants(ok, {
    byDefault: {},
    allowed: { allowedMethods: allowed },
    ignored: { ignoredMethods: ignored },
  });
  for (const method of methods) await service.fetch('/', { method });
  const hits = await service.of.byDefault.hitsOf(methods.length);
  expect(sorted(hits.map(({ stored }) => stored?.custom_var_v2))).toEqual(sorted(methods));
  expect(storedTitles(hits)).toEqual(sorted(methods.map((method) => `${method} /`)));
  expect(storedTitles(await service.of.allowed.hitsOf(methods.length))).toEqual([
    'GET /',
    'PROPFIND /',
  ]);
  expect(await service.of.ignored.hitsOf(methods.length)).toHaveLength(methods.length - 2);
  expect([allowed, ignored]).toEqual([
    ['propfind', 'Get'],
    ['head', 'OPTIONS'],
  ]);

  const options = { url: 'http://127.0.0.1:1', siteId: 1 };
  expect(() => new MatomoSpanProcessor({ ...options, allowedMethods: [] })).toThrow(
    /^opentelemetry-matomo: allowedMethods must be/,
  );
  const output = captureOutput();
  vi.stubEnv('MATOMO_ALLOWED_METHODS', ' , ');
  onTestFinished(() => void vi.unstubAllEnvs());
  await new MatomoSpanProcessor(options).shutdown();
  expect(output.join('')).toContain('MATOMO_ALLOWED_METHODS must be');
});

test('bug 20: patterns match anywhere, each time anew, and a client without a user agent is no error', async () => {
  const paths = [/users/g, /private/y];
  const agents = [/robot/gi, 'probe$'];
  const output = captureOutput();
  const service = await startTracedService(ok, {
    ignorePatterns: paths,
    ignoreUserAgents: agents,
    baseUrl: 'https://shop.example/base',
  });
  for (let i = 0; i < 3; i++) {
    for (const path of ['/v1/users', '/users', '/v1/private']) await service.fetch(path);
    for (const agent of ['A Robot/1', 'robot', 'my-probe']) {
      await service.fetch('/a', { headers: { 'user-agent': agent } });
    }
    await sendRaw(service, rawRequest('/none'));
    await sendRaw(service, rawRequest('/bytes', ['User-Agent: \xff\x80']));
    await sendRaw(service, rawRequest('/empty', ['User-Agent:']));
  }
  await service.requests(27);
  expect(service.processor.stats().ignored).toMatchObject({ pattern: 9, user_agent: 9 });
  const hits = await service.hits();
  const urls = new Set(hits.map(({ stored }) => stored?.url));
  expect(sorted(urls)).toEqual([
    'https://shop.example/base/bytes',
    'https://shop.example/base/empty',
    'https://shop.example/base/none',
  ]);
  expect(hits).toHaveLength(9);
  expect([...paths, agents[0] as RegExp].map(({ lastIndex }) => lastIndex)).toEqual([0, 0, 0]);
  expect(output).toEqual([]);
});

test('bug 21: what is wrong with url or siteId is said at the start, and no request hears of it', async () => {
  const [tap, matomo] = await Promise.all([startTap(), startInspector()]);
  tap.forwardTo(matomo.url);
  const output = captureOutput();
  const service = await startVariants(ok, {
    slash: { url: `${tap.url}/matomo.php/`, siteId: ' 3 ' },
    slashes: { url: new URL(`${tap.url}/sub/piwik.php//`) as never, siteId: 4 },
    nowhere: { url: undefined, siteId: undefined },
  });
  expect((await service.fetch('/a')).status).toBe(200);
  for (const name of ['slash', 'slashes'] as const) await service.of[name].hitsOf(1);
  expect(tap.requests().map(({ target }) => target)).toEqual(['/matomo.php', '/sub/piwik.php']);
  expect(matomo.hits().map(({ stored }) => stored?.idsite)).toEqual([3, 4]);
  await matomo.close();
  expect(output).toEqual([
    expect.stringMatching(
      / url \(MATOMO_URL\), siteId \(MATOMO_SITE_ID\)\..* \[options-missing\]\n$/,
    ),
  ]);

  const wrong: [url: unknown, said: RegExp][] = [
    ['https://m.test/?x=1', /^opentelemetry-matomo: url must .*query.*m\.test\//],
    ['https://m.test/#x', /^opentelemetry-matomo: url must .*query.*fragment/],
    ['m.test', /^opentelemetry-matomo: url must .*"m\.test"/],
    ['//m.test', /^opentelemetry-matomo: url must /],
    ['ftp://m.test', /^opentelemetry-matomo: url must /],
    ['http://', /^opentelemetry-matomo: url must /],
    ['https://user@m.test', /^opentelemetry-matomo: url must .*user name/],
    [5, /^opentelemetry-matomo: url must .*5/],
  ];
  for (const [url, said] of wrong) {
    expect(() => new MatomoSpanProcessor({ url: url as string, siteId: 1 })).toThrow(said);
  }
  for (const siteId of ['', 'x', '1.5', 0, -3, 1.5, 2 ** 32, Number.NaN]) {
    expect(() => new MatomoSpanProcessor({ url: 'https://m.test', siteId })).toThrow(
      /^opentelemetry-matomo: siteId must be/,
    );
  }
});
