import { trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { createToPseudonym } from '../../../src/hit/visitor/pseudonym.js';
import { createToVisitorId } from '../../../src/hit/visitor/visitor-id.js';
import { annotate, trackEvent, trackGoal, trackHit, trackOrder } from '../../../src/index.js';
import type { MatomoOptions } from '../../../src/options.js';
import { CHATGPT } from '../../support/chatbots.js';
import { setEnvironment } from '../../support/environment.js';
import { captureOutput } from '../../support/output.js';
import { startTracedService, stopTracedService } from '../../support/traced-service.js';
import { startVariants } from '../../support/variants.js';
import { COMMON_ENV, ENV, KINDS, kindsWith } from './rows.js';
import { WAYS, type Way } from './ways.js';

const TOKEN = 'a-token';
const STRICT = { privacy: 'strict', trustProxy: true } as const;
/** What must not leave, wherever it occurs. */
const PERSONAL = ['198.51.100.23', '2001:db8', 'max@', 'max%40', '4711', 'a-user', 'private'];
const ERROR_NAME = 'RangeError';
const HEADERS = {
  'x-forwarded-for': '198.51.100.23',
  referer: 'https://search.example/private/4711?q=private',
  'accept-language': 'sv-SE',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
};
const PATH = '/users/max@example.org/4711?private=4711';

/** A service whose handler does all that makes hits, and tells Matomo who the client is. */
async function startService(options: MatomoOptions = {}) {
  return startTracedService(
    (_request, response) => {
      annotate({ uid: 'a-user', cip: '198.51.100.23' });
      trackEvent('shop', 'open');
      trackEvent('shop', 'close', { uid: 'a-user', cip: '198.51.100.23' });
      trackOrder({ id: 'O-1', revenue: 3 });
      trace.getActiveSpan()?.recordException(new RangeError('private'));
      response.statusCode = 500;
      response.end();
    },
    {
      ...STRICT,
      dimensions: {
        1: 'client.address',
        2: 'url.full',
        3: 'http.request.header.referer',
        4: 'url.path',
        5: 'url.query',
        6: () => 'of a callback',
      },
      beforeSend: (parameters) => ({ ...parameters, uid: 'a-user' }),
      ...options,
    },
  );
}

async function paramsOf(service: Awaited<ReturnType<typeof startService>>) {
  return (await service.hits()).map(({ params }) => params);
}

test.each([
  ['with a token', TOKEN],
  ['without a token', undefined],
])('%s, no hit of any kind names the client', async (_what, tokenAuth) => {
  const output = captureOutput();
  const service = await startService({ tokenAuth });
  await service.fetch(PATH, { headers: HEADERS });
  await service.fetch(PATH, { headers: { ...HEADERS, 'user-agent': CHATGPT } });
  await service.requests(2);
  trackGoal(1, { cid: '0123456789abcdef', uid: 'a-user' });
  trackGoal(1, { uid: 'a-user' });
  const hits = await paramsOf(service);
  expect(hits.filter(({ e_c }) => e_c === undefined)).toHaveLength(5);
  expect(hits.filter(({ e_c }) => e_c !== undefined)).toHaveLength(4);
  for (const text of [...PERSONAL, ERROR_NAME]) expect(JSON.stringify(hits)).not.toContain(text);
  const addresses = new Set(hits.map(({ cip }) => cip));
  addresses.delete(undefined); // of a hit that is outside of a request
  expect([...addresses]).toEqual(tokenAuth === undefined ? [] : ['0.0.0.0']);
  expect(hits.find(({ action_name }) => action_name !== undefined)).toMatchObject({
    url: expect.stringMatching(/^https?:\/\/[^/]+\/users\/redacted\/:id$/),
    urlref: 'https://search.example/',
    action_name: 'GET /users/redacted/:id',
    ua: HEADERS['user-agent'],
    lang: 'sv-SE',
    dimension6: 'of a callback',
  });
  expect(JSON.stringify(hits)).not.toContain('error_type');
  expect(service.processor.stats().dropped).toMatchObject({ no_visitor: 1 });
  expect(output.join()).not.toContain('[privacy-not-strict]');
  expect(output.join()).toMatch(/\buid\b.*\bcid\b.*\[parameter-invalid\]/);
});

const UID = { uid: 'a-user' };
/** All that can name the user of a request, by its path. */
const SOURCES: Readonly<Record<string, () => unknown>> = {
  '/annotate': () => annotate(UID),
  '/event': () => trackEvent('a', 'b', UID),
  '/goal': () => trackGoal(1, UID),
  '/order': () => trackOrder({ id: 'O-1', revenue: 3 }, UID),
  '/hit': () => trackHit({ e_c: 'a', e_a: 'b', ...UID }),
  '/attribute': () => trace.getActiveSpan()?.setAttribute('matomo.uid', UID.uid),
  '/route-details': () => undefined,
  '/before-send': () => undefined,
};

test('no user ID is sent but that of the option userId', async () => {
  const options: MatomoOptions = {
    routeDetails: { '/route-details': UID },
    beforeSend: (parameters) =>
      parameters.url?.endsWith('/before-send') ? { ...parameters, ...UID } : parameters,
  };
  const { fetch, of } = startVariants(
    (request, response) => {
      trace.getActiveSpan()?.setAttribute('enduser.id', 'ours');
      SOURCES[request.url as string]?.();
      response.end();
    },
    {
      open: options,
      strict: { ...STRICT, urlPaths: 'full', ...options },
      attribute: { ...STRICT, urlPaths: 'full', ...options, userId: 'enduser.id' },
      callback: { ...STRICT, urlPaths: 'full', ...options, userId: () => 'ours' },
      header: {
        ...STRICT,
        urlPaths: 'full',
        ...options,
        userId: 'http.request.header.x-api-key',
        visitorKey: 'a-key',
      },
    },
  );
  const paths = Object.keys(SOURCES);
  for (const path of paths) fetch(path, { headers: { ...HEADERS, 'x-api-key': 'k' } });
  const withUser = async (variant: typeof of.open) => {
    const hits = await variant.hitsOf(paths.length);
    return hits.flatMap(({ params: { uid, url } }) => (uid ? new URL(url as string).pathname : []));
  };
  expect((await withUser(of.open)).sort()).toEqual([...paths].sort());
  expect(await withUser(of.strict)).toEqual([]);
  expect(of.strict.processor?.stats().additionalHits).toBe(
    of.open.processor?.stats().additionalHits,
  );
  const { additionalHits = 0 } = of.open.processor?.stats() ?? {};
  for (const [variant, uid] of [
    [of.attribute, 'ours'],
    [of.callback, 'ours'],
    [of.header, createToPseudonym('a-key')('k')],
  ] as const) {
    const hits = await variant.hitsOf(paths.length);
    expect(hits).toHaveLength(paths.length + additionalHits);
    // What `beforeSend` makes of a user ID is another one.
    const isChanged = (url = '') => url.endsWith('/before-send');
    expect(hits.map(({ params }) => params.uid)).toEqual(
      hits.map(({ params: { url } }) => (isChanged(url) ? undefined : uid)),
    );
  }
});

test('an address as the user ID makes no user of all clients', async () => {
  const service = await startTracedService(
    (_request, response) => {
      trace.getActiveSpan()?.setAttribute('client.address', '198.51.100.23');
      response.end();
    },
    { ...STRICT, tokenAuth: TOKEN, userId: 'client.address' },
  );
  const hits = await service.visit('/', { headers: HEADERS });
  expect(hits.map(({ params }) => params.uid)).toEqual([undefined]);
});

test('nobody is sent another address, and visitors differ by addresses that are not sent', async () => {
  const service = await startTracedService((_request, response) => void response.end(), {
    ...STRICT,
    tokenAuth: TOKEN,
  });
  const addresses = ['198.51.100.23', '198.51.100.23', '198.51.100.24', '2001:db8::1'];
  for (const address of addresses) {
    await service.fetch('/', { headers: { ...HEADERS, 'x-forwarded-for': address } });
  }
  await service.requests(4);
  const hits = await paramsOf(service);
  expect(hits.map(({ cip }) => cip)).toEqual(Array(4).fill('0.0.0.0'));
  expect(new Set(hits.map(({ cid }) => cid)).size).toBe(3);
});

test('with a visitorKey that stays, visitors do not differ by addresses', async () => {
  const service = await startTracedService((_request, response) => void response.end(), {
    ...STRICT,
    tokenAuth: TOKEN,
    visitorKey: 'a-key',
  });
  for (const address of ['198.51.100.23', '203.0.113.7'])
    await service.fetch('/', { headers: { ...HEADERS, 'x-forwarded-for': address } });
  await service.requests(2);
  const [first, second] = await paramsOf(service);
  const visitor = { address: '0.0.0.0', userAgent: HEADERS['user-agent'], site: 1 };
  const startMillis = Number(first?.cdt) * 1000;
  expect(first?.cid).toBe(createToVisitorId('a-key')({ ...visitor, startMillis }));
  expect(second?.cid).toBe(first?.cid);
});

test('a request with DNT is not tracked, and its events are not', async () => {
  const service = await startService();
  expect(await service.visit(PATH, { headers: { ...HEADERS, dnt: '1' } })).toEqual([]);
  expect(service.processor.stats().ignored).toMatchObject({ do_not_track: 1 });
});

test('options that are set win, and one line lists them', async () => {
  const output = captureOutput();
  const service = await startTracedService(
    (_request, response) => {
      trace.getActiveSpan()?.setAttribute('enduser.id', 'a-user');
      response.end();
    },
    { ...STRICT, tokenAuth: TOKEN, anonymizeIp: 2, query: ['page'], userId: 'enduser.id' },
  );
  const [hit] = await service.visit('/a?page=2&b=3', { headers: HEADERS });
  const url = expect.stringMatching(/\/a\?page=2$/);
  expect(hit?.params).toMatchObject({ cip: '198.51.0.0', uid: 'a-user', url });
  expect(output.filter((line) => line.includes('[privacy-not-strict]'))).toEqual([
    expect.stringMatching(/: userId, anonymizeIp, query\. They win\./),
  ]);
});

test('the environment sets it too, and a value that is not known stops tracking', async () => {
  const output = captureOutput();
  setEnvironment({ MATOMO_PRIVACY: 'Strict' });
  const { privacy, ...options } = STRICT;
  const listener = (_request: unknown, response: { end(): void }) => response.end();
  const service = await startTracedService(listener as never, { ...options, tokenAuth: TOKEN });
  const [hit] = await service.visit('/', { headers: HEADERS });
  expect(hit?.params.cip).toBe('0.0.0.0');
  await stopTracedService(service);
  setEnvironment({ MATOMO_PRIVACY: 'yes' });
  const stopped = await startTracedService(listener as never, options);
  await stopped.fetch('/', { headers: HEADERS });
  expect(await stopped.hits()).toEqual([]);
  expect(output.at(-1)).toMatch(/MATOMO_PRIVACY .*\[privacy-option-invalid\]/);
  expect(privacy).toBe('strict');
});

const HIDDEN = [
  ...['203.0.113.77', '198.51.100.1', 'uid=', 'error_type', 'secret-query', 'secret-path'],
  ...['secret-dnt', 'secret-gpc', 'secret-cookie', 'secret-credentials', 'secret-message'],
];

test.each(Object.keys(WAYS))(
  '%s: no hit of any kind has more than strict privacy allows',
  async (name) => {
    const { MATOMO_USER_ID: _, ...common } = COMMON_ENV;
    const sent = await (WAYS[name] as Way)({
      ...common,
      MATOMO_PRIVACY: 'strict',
      MATOMO_REDACT_PATH_PATTERNS: ENV.MATOMO_REDACT_PATH_PATTERNS as string,
    });
    for (const text of HIDDEN) expect(sent.filter((hit) => hit.includes(text))).toEqual([]);
    const kinds = Object.keys(KINDS).filter((kind) => kind !== 'error');
    expect(kindsWith(sent, '/shown')).toEqual(kinds);
  },
);
