import { expect, test } from 'vitest';
import { readClientHints } from '../../src/hit/client-hints.js';
import { nearestName } from '../../src/hit/nearest-name.js';
import { createToTrackedQuery, type QueryPolicyOptions } from '../../src/hit/query-policy.js';
import { createRedactPath } from '../../src/hit/redact-path.js';
import { visitorOfCookie } from '../../src/hit/visitor-cookie.js';
import { annotations, hitsOf, httpRequest, parametersOf } from '../support/builders.js';

test.each<[Partial<QueryPolicyOptions>, string]>([
  [{ query: 'keep' }, 'token=abc&x=1&b[]=2'],
  [{ query: 'redact' }, 'token=redacted&x=1&b[]=2'],
  [{ query: 'strip' }, ''],
  [{ query: ['x', 'b', 'token'] }, 'token=abc&x=1&b[]=2'],
  [{ query: [] }, ''],
  [{ query: 'keep', siteSearch: true }, 'q=shoes&token=abc&x=1&b[]=2'],
])('with %o a query keeps %s', (options, kept) => {
  const toTrackedQuery = createToTrackedQuery({ query: 'redact', siteSearch: false, ...options });
  expect(toTrackedQuery('q=shoes&token=abc&x=1&b[]=2')).toBe(kept);
});

test('what matches in a path is redacted, everywhere and again for the next request', () => {
  const redact = createRedactPath([/[^/]+@[^/]+/, /\d{6,}/g]);
  for (let i = 0; i < 2; i++) {
    expect(redact('/u/ann@example.org/o/1234567/x/7654321')).toBe(
      '/u/redacted/o/redacted/x/redacted',
    );
  }
  expect(createRedactPath([/.*/])('/a')).toMatch(/^\//);
});

test('a redacted path is so in the URL and in the title', () => {
  const { parameters } = parametersOf(
    httpRequest({ path: '/u/ann@example.org', route: undefined }),
    { redactPathPatterns: [/[^/]+@[^/]+/] },
  );
  expect(JSON.stringify(parameters)).not.toContain('ann');
  expect(parameters).toMatchObject({
    url: 'https://shop.example.org/u/redacted',
    action_name: 'GET /u/redacted',
  });
});

test.each([
  ['_pk_id.1.1fff=0123456789abcdef.1700000000.; x=y', '0123456789abcdef'],
  ['a=b; _pk_id.1=0123456789ABCDEF', '0123456789abcdef'],
  ['_pk_id.2.1fff=0123456789abcdef.1', undefined],
  ['x_pk_id.1.1fff=0123456789abcdef.1', undefined],
  ['_pk_id.1.1fff=0123456789abcde', undefined],
  ['_pk_id.1.1fff=0123456789abcdef0', undefined],
  [undefined, undefined],
])('the cookies %s name the visitor %s', (cookies, visitor) => {
  expect(visitorOfCookie(cookies, 1)).toBe(visitor);
});

test('client hints become the uadata that Matomo’s own tracker sends', () => {
  const headers: Record<string, string> = {
    'sec-ch-ua': '"Chromium";v="130", "Not?A_Brand";v="99"',
    'sec-ch-ua-full-version-list': '"Chromium";v="130.0.6723.58"',
    'sec-ch-ua-mobile': '?0',
    'sec-ch-ua-platform': '"Linux"',
    'sec-ch-ua-platform-version': '"6.8.0"',
    'sec-ch-ua-model': '""',
  };
  expect(JSON.parse(readClientHints((name) => headers[name]) ?? '')).toEqual({
    brands: [
      { brand: 'Chromium', version: '130' },
      { brand: 'Not?A_Brand', version: '99' },
    ],
    fullVersionList: [{ brand: 'Chromium', version: '130.0.6723.58' }],
    mobile: false,
    platform: 'Linux',
    platformVersion: '6.8.0',
  });
  expect(readClientHints(() => 'nonsense')).toBeUndefined();
  expect(readClientHints(() => undefined)).toBeUndefined();
});

test.each([
  ['action_nmae', 'action_name'],
  ['Dimension1', 'dimension1'],
  ['urlRef', 'urlref'],
  ['pf_serv', 'pf_srv'],
  ['something else entirely', undefined],
])('the nearest name to %s is %s', (name, nearest) => {
  expect(nearestName(name, ['action_name', 'urlref', 'pf_srv', 'dimension1'])).toBe(nearest);
});

const DETAILS = {
  'GET /users/:id': { action_name: 'method and route' },
  '/users/:id': { action_name: 'route' },
  'POST /users/42': { action_name: 'method and path' },
  '/users/42': { action_name: 'path', cvar: { from: 'details' } },
  '/a': { dimension1: 'a', e_c: 'c', e_a: 'a' },
};

test.each([
  [{}, 'method and route'],
  [{ method: 'POST' }, 'route'],
  [{ method: 'POST', route: undefined }, 'method and path'],
  [{ route: undefined }, 'path'],
  [{ route: '/other' }, 'path'],
])('route details for %o: %s', (request, title) => {
  const { parameters } = parametersOf(httpRequest(request), { routeDetails: DETAILS });
  expect(parameters.action_name).toBe(title);
});

test('route details stay as they are, whatever requests add', () => {
  const frozen = structuredClone(DETAILS);
  for (const name of ['one', 'two']) {
    const request = httpRequest({
      route: undefined,
      annotations: [annotations({ cvar: { [name]: 1 }, parameters: { dimension5: name } })],
    });
    const { parameters } = parametersOf(request, { routeDetails: DETAILS });
    const variables = Object.values<string[]>(JSON.parse(parameters.cvar ?? '')).map(
      ([key]) => key,
    );
    expect(variables).toEqual(['http_status_code', 'http_method', 'from', name]);
  }
  expect(DETAILS).toEqual(frozen);
});

test('what the spans and track say wins over route details, those over what options give', () => {
  const request = httpRequest({
    path: '/a',
    route: undefined,
    given: { dimension1: 'given', dimension2: 'given', dimension3: 'given' },
    annotations: [annotations({ parameters: { dimension3: 'said' } })],
  });
  const { parameters } = parametersOf(request, {
    routeDetails: { '/a': { dimension1: 'details', dimension3: 'details' } },
  });
  expect(parameters).toMatchObject({
    dimension1: 'details',
    dimension2: 'given',
    dimension3: 'said',
  });
});

test('dimensions of request facts are the hit’s own: status 499, a route that came late, nothing unmasked or unredacted', () => {
  const { parameters } = parametersOf(
    httpRequest({ statusCode: 499, query: 'token=abc&x=1', path: '/users/42' }),
    {
      anonymizeIp: 2,
      dimensions: {
        1: 'http.status_code',
        2: 'http.request.method',
        3: 'http.route',
        4: 'url.query',
        5: 'client.address',
        6: 'http.target',
        7: 'constructor',
      },
    },
  );
  expect(parameters).toMatchObject({
    dimension1: '499',
    dimension2: 'GET',
    dimension3: '/users/:id',
    dimension4: 'token=redacted&x=1',
    dimension5: '192.0.0.0',
    dimension6: '/users/42?token=redacted&x=1',
  });
  expect(parameters).not.toHaveProperty('dimension7');
});

test.each([
  [{ statusCode: 500 }, '5xx GET /users/:id'],
  [{ statusCode: 400, method: 'POST' }, '4xx POST /users/:id'],
  [{ statusCode: 499 }, '4xx GET /users/:id'],
  [{ statusCode: 404, route: undefined }, '4xx GET Not Found'],
  [{ statusCode: 503, route: undefined, path: '/a/s3cret' }, '5xx GET /a/redacted'],
  [{ statusCode: 399 }, undefined],
  [{ statusCode: 200 }, undefined],
])('the failed endpoint of %o is %s', (overrides, endpoint) => {
  const { parameters, reports } = parametersOf(httpRequest(overrides), {
    dimensions: { 4: 'matomo.failed_endpoint' },
    redactPathPatterns: [/s3cret/],
  });
  expect(parameters.dimension4).toBe(endpoint);
  expect(reports).toEqual([]);
});

test('a masked address is all that is known of the caller: visitor ID and cip are made of it', () => {
  const of = (address: string) =>
    parametersOf(httpRequest({ address }), { anonymizeIp: 1, hasToken: true }).parameters;
  expect(of('192.0.2.1')).toMatchObject({ cip: '192.0.2.0', cid: of('192.0.2.200').cid });
  expect(of('192.0.3.1').cid).not.toBe(of('192.0.2.1').cid);
});

test('visitorId none leaves it to Matomo', () => {
  expect(parametersOf(httpRequest(), { visitorId: 'none' }).parameters).not.toHaveProperty('cid');
});

test('the user is the server span’s, else the last that a span below named', () => {
  const named = (...ids: (string | undefined)[]) =>
    parametersOf(httpRequest({ annotations: ids.map((userId) => annotations({ userId })) }))
      .parameters.uid;
  expect(named('below', undefined, 'own')).toBe('own');
  expect(named('below', undefined, undefined)).toBe('below');
  expect(named('anonymous')).toBeUndefined();
  expect(named()).toBeUndefined();
});

test('an error is its class, and only of a request that failed', () => {
  const of = (statusCode: number, errors: 'off' | 'type' | 'crash') =>
    hitsOf(httpRequest({ statusCode, annotations: [annotations({ errorType: 'TypeError' })] }), {
      errors,
    }).hits;
  expect(of(500, 'type')[0]?.cvar).toContain('["error_type","TypeError"]');
  expect(of(500, 'off')[0]?.cvar).not.toContain('TypeError');
  expect(of(200, 'crash')).toHaveLength(1);
  expect(of(200, 'type')[0]?.cvar).not.toContain('TypeError');
  const [page, crash, ...others] = of(500, 'crash');
  expect(others).toEqual([]);
  expect(page).not.toHaveProperty('ca');
  expect(crash).toMatchObject({ ca: '1', cra: 'TypeError', cra_tp: 'TypeError', cid: page?.cid });
  expect(crash).not.toHaveProperty('action_name');
});

test('beforeSend has the last word, cannot break a bulk, and drops what it does not return', () => {
  const send = (beforeSend: (parameters: Record<string, string>) => unknown) =>
    hitsOf(httpRequest(), { beforeSend });
  expect(
    send(({ url: _, ...rest }) => ({ ...rest, action_name: 'x\ud800', e_c: 'c' })).hits[0],
  ).toMatchObject({
    action_name: 'x\ufffd',
    rec: '1',
  });
  expect(send(() => undefined).hits).toEqual([]);
  const thrown = send(() => {
    throw new Error('secret');
  });
  expect(thrown.hits).toEqual([]);
  expect(thrown.reports.join()).not.toContain('secret');
  expect(send(() => ({ pf_srv: '-5', token_auth: 'x' })).hits[0]).toEqual({
    idsite: '1',
    rec: '1',
    apiv: '1',
    ua: '-',
    cdt: expect.any(String),
  });
});

test.each([
  [
    '{method} {path} {status} {host} {span} {route}',
    'GET /users/42 200 shop.example.org GET /users/:id /users/:id',
  ],
  ['API {route}!', 'API /users/:id!'],
  ['plain', 'plain'],
])('the template %s gives %s', (actionName, title) => {
  expect(parametersOf(httpRequest(), { actionName }).parameters.action_name).toBe(title);
});

test('e-commerce, goals, content, downloads, searches and geo parameters pass by their type, limit and token rule', () => {
  const parameters = {
    idgoal: 0,
    ec_id: 'o1',
    revenue: '9.5',
    ec_items: '[["sku","name","cat",9.5,1]]',
    c_n: 'banner',
    download: 'https://x.example/a.zip',
    search: 'shoes',
    search_count: 3,
    new_visit: true,
    pv_id: 'abcdefgh',
    country: 'se',
    lat: 59.3,
    _pkp: 5,
  };
  const said = httpRequest({ annotations: [annotations({ parameters })] });
  expect(parametersOf(said, { hasToken: true }).parameters).toMatchObject({
    idgoal: '0',
    ec_id: 'o1',
    revenue: '9.5',
    ec_items: '[["sku","name","cat",9.5,1]]',
    c_n: 'banner',
    new_visit: '1',
    pv_id: 'abcdef',
    search_count: '3',
    country: 'se',
    lat: '59.3',
    _pkp: '5',
  });
  const without = parametersOf(said);
  expect(without.parameters).not.toHaveProperty('country');
  expect(without.reports.join()).toContain('tokenAuth');
});
