import { expect, test } from 'vitest';
import {
  annotations,
  hitsOf,
  httpRequest,
  NOON,
  operation,
  parametersOf,
} from '../support/builders.js';

test('a request becomes a page view with every fact that Matomo has a place for', () => {
  const request = httpRequest({ query: 'x=1', referrer: 'https://ref.example/a' });
  expect(parametersOf(request).parameters).toEqual({
    idsite: '1',
    rec: '1',
    apiv: '1',
    bots: '1',
    action_name: 'GET /users/:id',
    url: 'https://shop.example.org/users/42?x=1',
    urlref: 'https://ref.example/a',
    ua: 'curl/8.5.0',
    lang: 'sv-SE',
    cdt: String(NOON / 1000),
    gt_ms: '12',
    pf_srv: '12',
    cvar: '{"1":["http_status_code","200"],"2":["http_method","GET"]}',
    cid: expect.stringMatching(/^[\da-f]{16}$/),
  });
});

test('an empty user agent is sent as "-", because Matomo would put our own in its place', () => {
  for (const userAgent of [undefined, '', '  ']) {
    expect(parametersOf(httpRequest({ userAgent })).parameters.ua).toBe('-');
  }
});

test('the time of a hit is never in the future, which Matomo would ignore', () => {
  const request = httpRequest({ startMillis: NOON + 5000 });
  expect(parametersOf(request, {}, NOON).parameters.cdt).toBe(String(NOON / 1000));
});

test('the duration of an event stream is neither its own time nor that of the server', () => {
  const stream = { isEndless: true, durationMillis: 600_000 };
  const timed = annotations({ timings: { pf_dm1: 10 } });
  for (const overrides of [stream, { ...stream, annotations: [timed] }]) {
    const { parameters } = parametersOf(httpRequest(overrides));
    expect(parameters.gt_ms).toBeUndefined();
    expect(parameters.pf_srv).toBeUndefined();
    expect(parameters.pf_dm1).toBe(overrides === stream ? undefined : '10');
  }
  const answer = httpRequest({ ...stream, method: 'POST', operation: operation('CreateOrder') });
  expect(parametersOf(answer).parameters).toMatchObject({ gt_ms: '600000', pf_srv: '600000' });
});

test('timings of one key add up over all sources, in whole milliseconds', () => {
  const { parameters } = parametersOf(
    httpRequest({
      annotations: [
        annotations({ timings: { pf_dm1: 10.4, pf_net: 1 } }),
        annotations({ timings: { pf_dm1: 5.3 } }),
      ],
    }),
  );
  expect(parameters).toMatchObject({ pf_dm1: '16', pf_net: '1' });
});

test.each([
  [[{ timings: { pf_dm1: 5.3, pf_onl: 2 } }], { pf_dm1: '5', pf_onl: '2', pf_srv: '5' }],
  [[{ timings: { pf_dm1: 3 } }, { timings: { pf_dm1: 4 } }], { pf_dm1: '7', pf_srv: '5' }],
  [[{ parameters: { pf_dm2: 4 } }], { pf_dm2: '4', pf_srv: '8' }],
  [[{ timings: { pf_dm1: 40 } }], { pf_dm1: '40', pf_srv: '0' }],
  [[{ timings: { pf_dm1: 2, pf_srv: 4 } }], { pf_dm1: '2', pf_srv: '4' }],
  [[{ timings: { pf_dm1: 2 }, parameters: { pf_srv: 12 } }], { pf_dm1: '2', pf_srv: '12' }],
  [[{ timings: { pf_dm1: 2 }, parameters: { pf_srv: -5 } }], { pf_dm1: '2', pf_srv: '10' }],
])('of 12 ms, %j leaves the server time that makes the sum right', (given, timings) => {
  const request = httpRequest({ annotations: given.map(annotations) });
  const { parameters } = parametersOf(request);
  const sent = Object.entries(parameters).filter(([name]) => name.startsWith('pf_'));
  expect(Object.fromEntries(sent)).toEqual(timings);
  expect(parameters.gt_ms).toBe('12');
});

test('a timing called pf_srv takes the place of the whole duration', () => {
  const { parameters } = parametersOf(
    httpRequest({ annotations: [annotations({ timings: { pf_srv: 3 } })] }),
  );
  expect(parameters).toMatchObject({ pf_srv: '3', gt_ms: '12' });
});

test('a timing that does not fit its column is left out', () => {
  const { parameters } = parametersOf(httpRequest({ durationMillis: 16_777_216 }));
  expect(parameters).not.toHaveProperty('pf_srv');
});

test('overrides replace, weakest first; custom variables add up and keep their slot', () => {
  const { parameters } = parametersOf(
    httpRequest({
      annotations: [
        annotations({ parameters: { action_name: 'child', dimension1: 'a' }, cvar: { plan: 'x' } }),
        annotations({
          parameters: { action_name: 'annotate' },
          cvar: { [Number.NaN]: Number.NaN, tier: 1, plan: 'pro' },
        }),
        annotations({ parameters: { uid: 'u1' } }),
      ],
    }),
  );
  expect(parameters).toMatchObject({ action_name: 'annotate', dimension1: 'a', uid: 'u1' });
  expect(JSON.parse(parameters.cvar ?? '')).toEqual({
    1: ['http_status_code', '200'],
    2: ['http_method', 'GET'],
    3: ['plan', 'pro'],
    4: ['tier', '1'],
  });
});

test.each([
  ['token_auth', 'x', {}],
  ['action_nmae', 'x', {}],
  ['dimension0', 'x', {}],
  ['cip', '192.0.2.1', {}],
  ['cip', '192.0.2.1, 10.0.0.1', { hasToken: true }],
  ['pf_srv', -2, {}],
  ['e_v', Number.POSITIVE_INFINITY, {}],
  ['cid', 'abc', {}],
  ['cid', { toString: 'x' }, {}],
  ['uid', 'undefined', {}],
  ['uid', Number.NaN, {}],
  ['uid', Number.POSITIVE_INFINITY, {}],
  ['dimension1', Number.NEGATIVE_INFINITY, {}],
  ['action_name', Number.NaN, {}],
  ['urlref', Number.NaN, {}],
  ['cdt', '9e30', {}],
  ['idsite', 'abc', {}],
  ['lat', 1000, { hasToken: true }],
  ['url', { toString: () => 'x' }, {}],
])('%s = %o is left out and reported', (name, value, options) => {
  const plain = parametersOf(httpRequest(), options).parameters;
  const request = httpRequest({ annotations: [annotations({ parameters: { [name]: value } })] });
  const { parameters, reports } = parametersOf(request, options);
  expect(parameters).toEqual(plain);
  expect(reports).toHaveLength(1);
  expect(reports[0]).toContain(name);
});

test('a request becomes an event; half of one is left out, because Matomo would store something else', () => {
  const eventOf = (given: object) => {
    const request = httpRequest({ annotations: [annotations({ parameters: { ...given } })] });
    const { parameters, reports } = parametersOf(request);
    const event = Object.entries(parameters).filter(([name]) => name.startsWith('e_'));
    return { event: Object.fromEntries(event), reports };
  };
  const half = { e_a: 'buy', e_n: 'book', e_v: 12.5 };
  expect(eventOf(half)).toEqual({ event: {}, reports: [expect.any(String)] });
  const whole = { e_c: 'shop', e_a: 'buy', e_n: 'book', e_v: '12.5' };
  expect(eventOf({ ...half, e_c: 'shop' })).toEqual({ event: whole, reports: [] });
});

test('a sixth custom variable is reported, and taken where Matomo has room', () => {
  const request = httpRequest({
    annotations: [annotations({ cvar: { a: 1, b: 2, c: 3, d: 4 } })],
  });
  const { parameters, reports } = parametersOf(request);
  expect(Object.keys(JSON.parse(parameters.cvar ?? ''))).toHaveLength(5);
  expect(reports[0]).toContain('maxCustomVariables');
  const more = parametersOf(request, { maxCustomVariables: 10 });
  expect(Object.keys(JSON.parse(more.parameters.cvar ?? ''))).toHaveLength(6);
});

test('the address is sent with a token only, and only where it is one', () => {
  expect(parametersOf(httpRequest()).parameters).not.toHaveProperty('cip');
  expect(parametersOf(httpRequest(), { hasToken: true }).parameters.cip).toBe('192.0.2.10');
  const nobody = httpRequest({ address: undefined });
  expect(parametersOf(nobody, { hasToken: true }).parameters).not.toHaveProperty('cip');
});

test('what would lose the bulk does not survive: lone surrogates, NUL, titles that end inside a character', () => {
  const request = httpRequest({
    userAgent: `a\ud800b\u0000c`,
    annotations: [annotations({ parameters: { action_name: `x${'é'.repeat(600)}` } })],
  });
  const { parameters } = parametersOf(request);
  expect(parameters.ua).toBe('a\ufffdb c');
  expect(Buffer.byteLength(parameters.action_name ?? '')).toBe(1023);
});

test('a title is cut by the bytes that it has once Matomo has escaped it', () => {
  const request = httpRequest({
    annotations: [annotations({ parameters: { action_name: '&'.repeat(400) } })],
  });
  expect(parametersOf(request).parameters.action_name).toHaveLength(204); // 1,024 / `&amp;`
});

test('a masked address is all that is known of the client: visitor ID and cip are made of it', () => {
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
  const nobodies = ['', '0', 'null', 'undefined', 'anonymous', '0.0.0.0', '::', '0.0.0.0, ::'];
  for (const nobody of nobodies) expect(named(nobody)).toBeUndefined();
  expect(named()).toBeUndefined();
  // What `request.isAuthenticated() && request.user.id` is without a user.
  const { parameters } = parametersOf(httpRequest({ optionParameters: { uid: false } }));
  expect(parameters).not.toHaveProperty('uid');
});

test('an error is its class, and only of a request that failed', () => {
  const of = (statusCode: number, errors: 'off' | 'type') =>
    hitsOf(httpRequest({ statusCode, annotations: [annotations({ errorType: 'TypeError' })] }), {
      errors,
    }).hits;
  expect(of(500, 'type')[0]?.cvar).toContain('["error_type","TypeError"]');
  expect(of(500, 'off')[0]?.cvar).not.toContain('TypeError');
  expect(of(200, 'type')[0]?.cvar).not.toContain('TypeError');
});
