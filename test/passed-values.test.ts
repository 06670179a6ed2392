import { createHash } from 'node:crypto';
import { trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { annotate, trackEvent, trackGoal, trackHit, trackOrder } from '../src/index.js';
import { finishedSpan, spanOfClient } from './support/builders.js';
import { eventually } from './support/child-process.js';
import { sendSpans, startGateway } from './support/gateway.js';
import { exportRequest, hitEvent, requestSpan } from './support/otlp-spans.js';
import { captureOutput } from './support/output.js';
import { startExporter, startProcessor } from './support/senders.js';
import { startTracedService } from './support/traced-service.js';

const OPTIONS = { tokenAuth: 'a-token', scheduledDelayMillis: 60_000 };
/** The inspector is a server of this process, whose spans are exported, too. */
const OPTIONS_OF_EXPORTER = { ...OPTIONS, ignorePaths: ['/matomo.php'] };
const USER = { uid: 'ann' };
const DAY_SECONDS = 86_400;
/** A time of last week, on a full hour. */
const SECONDS = Math.floor(Date.now() / 3_600_000) * 3600 - 7 * DAY_SECONDS;
const ISO = new Date(SECONDS * 1000).toISOString();
const any = (value: unknown) => value as never;

/** An object as libraries for decimal numbers have it. */
class Decimal {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
}

/** A job that tracks, and what Matomo got, was told and counts of it. */
async function jobOf(call: () => void) {
  const output = captureOutput();
  const { processor, hits } = await startProcessor(OPTIONS);
  call();
  const sent = (await hits()).map(({ params }) => params);
  await processor.shutdown(); // the next one has other options
  return { sent, output, dropped: processor.stats().dropped };
}

/** Forms in which a time is passed, all of the same second. */
const TIMES: readonly unknown[] = [
  SECONDS,
  SECONDS + 0.9,
  String(SECONDS),
  ` ${SECONDS} `,
  SECONDS * 1000,
  SECONDS * 1000 + 999,
  String(SECONDS * 1000),
  BigInt(SECONDS * 1000),
  new Date(SECONDS * 1000),
  ISO,
  ISO.replace('.000Z', ''),
  ISO.replace('.000Z', '+00:00'),
  ISO.replace('T', ' ').replace('.000Z', ''),
  ISO.replace('T', ' ').replace(':00.000Z', ''),
  ISO.replace('T', ' ').replace('.000Z', '.123456+00'),
  ISO.replace('T', ' ').replace('.000Z', ' UTC'),
  new Date((SECONDS + 2 * 3600) * 1000).toISOString().replace('.000Z', '+02:00'),
  new Date((SECONDS - 5 * 3600) * 1000).toISOString().replace('.000Z', '-0500'),
  { toISOString: () => ISO },
];

test.each(TIMES)('the time %o is the one that was meant', async (cdt) => {
  const { sent, output } = await jobOf(() => {
    trackEvent('Job', 'done', { ...USER, cdt: any(cdt) });
    trackHit({ ...USER, action_name: 'Old', cdt: any(cdt) });
    trackGoal(1, { ...USER, cdt: any(cdt) });
    trackOrder({ id: 1, revenue: 1 }, { ...USER, cdt: any(cdt) });
  });
  expect(sent.map((hit) => hit.cdt)).toEqual(Array(4).fill(String(SECONDS)));
  expect(output).toEqual([]);
});

test('a day is its midnight in UTC', async () => {
  const { sent } = await jobOf(() => trackEvent('Job', 'done', { ...USER, cdt: ISO.slice(0, 10) }));
  expect(Number(sent[0]?.cdt)).toBe(Date.parse(ISO.slice(0, 10)) / 1000);
});

test.each([
  '',
  ' ',
  'yesterday',
  '-2 hours',
  '20.11.2026',
  '11/20/2026',
  '2026-02-30 10:00:00',
  '2026-13-01',
  '2026-11-20 25:00:00',
  '2026-11-20T10:00:00Zulu',
  new Date(Number.NaN),
  Number.NaN,
  Number.POSITIVE_INFINITY,
  0,
  -1,
  1e19,
  SECONDS * 1e6,
  Date.now() + 3_600_000,
  new Date(Date.now() + DAY_SECONDS * 1000),
  '2999-01-01 00:00:00',
  '1999-12-31 23:59:59',
  915_148_800,
  true,
  null,
  {},
  [],
  [SECONDS],
])('a hit with the time %o is dropped with a reason, and not stored as one of now', async (cdt) => {
  const { sent, output, dropped } = await jobOf(() => {
    trackEvent('Job', 'done', { ...USER, cdt: any(cdt) });
    trackEvent('Job', 'done', { ...USER, cdt: any(cdt) });
  });
  expect(sent).toEqual([]);
  expect(dropped.invalid).toBe(2);
  expect(output).toEqual([
    expect.stringMatching(/"cdt" must be a time of the last 20 years and not of the future: /),
    expect.stringMatching(/"cdt"\. It was dropped, because it would have the time of the call/),
  ]);
});

test('times of page views and of events in spans are read in the same way; a page view keeps its own if it cannot be', async () => {
  const TEXT = ISO.replace('T', ' ').replace('.000Z', '');
  const service = await startTracedService(
    (request, response) => {
      if (request.url === '/annotated') annotate({ cdt: TEXT });
      if (request.url === '/attribute') trace.getActiveSpan()?.setAttribute('matomo.cdt', ISO);
      if (request.url === '/unreadable') annotate({ cdt: 'last week' });
      response.end();
    },
    {
      ...OPTIONS,
      beforeSend: (parameters) => ({
        ...parameters,
        ...(String(parameters.url).endsWith('/changed') && { cdt: any(new Date(SECONDS * 1000)) }),
      }),
    },
  );
  const start = Math.floor(Date.now() / 1000);
  const hits = await service.visit(['/annotated', '/attribute', '/changed', '/unreadable']);
  const times = Object.fromEntries(
    hits.map(({ params }) => [params.action_name, Number(params.cdt)]),
  );
  const { 'GET /unreadable': own, ...others } = times;
  expect(others).toEqual({
    'GET /annotated': SECONDS,
    'GET /attribute': SECONDS,
    'GET /changed': SECONDS,
  });
  expect(own).toBeGreaterThanOrEqual(start);
});

const AMOUNTS: readonly [given: unknown, read: number][] = [
  ['9.99', 9.99],
  [' 9.99 ', 9.99],
  ['10', 10],
  ['-3.5', -3.5],
  ['.5', 0.5],
  ['1e3', 1000],
  [7n, 7],
  [new Decimal('9.99'), 9.99],
  [new Decimal('12'), 12],
  [Object('9.99'), 9.99],
  [9.99, 9.99],
];

test.each(AMOUNTS)('the amount %o is a number, wherever it is passed', async (given, read) => {
  const amount = any(given);
  const { sent, output } = await jobOf(() => {
    const items = [
      { sku: 'a', name: 'A', categories: 'C', price: amount, quantity: any('2') },
      any(['b', 'B', 'C', amount, 3n]),
    ];
    const amounts = { subtotal: amount, tax: amount, shipping: amount, discount: amount };
    trackOrder({ id: 17n, revenue: amount, ...amounts, items }, USER);
    trackGoal(any('1'), { ...USER, revenue: amount });
    trackEvent('a', 'b', { ...USER, value: amount });
    trackHit({ ...USER, idgoal: any('2'), revenue: amount, _pkp: amount });
    trackEvent('a', 'c', any({ ...USER, constructor: 'unknown' }));
  });
  const text = String(read);
  expect(sent).toMatchObject([
    { ec_id: '17', revenue: text, ec_st: text, ec_tx: text, ec_sh: text, ec_dt: text },
    { idgoal: '1', revenue: text },
    { e_v: text },
    { idgoal: '2', revenue: text, _pkp: text },
    { e_a: 'c' },
  ]);
  expect(JSON.parse(sent[0]?.ec_items ?? '')).toEqual([
    ['a', 'A', 'C', read, 2],
    ['b', 'B', 'C', read, 3],
  ]);
  expect(output).toEqual([expect.stringMatching(/"constructor" is not a tracking parameter/)]);
});

test.each([10, '10', 10n, new Decimal('10')])(
  'the revenue of a goal as an argument, as in the JavaScript tracker: %o',
  async (revenue) => {
    const service = await startTracedService((_request, response) => {
      trackGoal(1, any(revenue));
      response.end();
    }, OPTIONS);
    const hits = (await service.visit('/')).map(({ params }) => params);
    expect(hits[1]).toMatchObject({ idgoal: '1', revenue: '10' });
  },
);

const NO_AMOUNTS = [
  '9,99',
  '1.234,50',
  '1,000.00',
  '$9.99',
  '9.99 EUR',
  '',
  ' ',
  '0x10',
  'NaN',
  Number.NaN,
  Number.POSITIVE_INFINITY,
  'Infinity',
  {},
  [],
  [9.99],
  true,
  new Date(),
  new Decimal('9,99'),
  '9'.repeat(200),
];

test.each(NO_AMOUNTS)(
  '%o is no amount: what it is for is left out or dropped, with the reason',
  async (given) => {
    const amount = any(given);
    const { sent, output, dropped } = await jobOf(() => {
      trackOrder({ id: 1, revenue: amount }, USER);
      trackGoal(1, { ...USER, revenue: amount });
      trackHit({ ...USER, idgoal: 2, revenue: amount });
      trackEvent('a', 'b', { ...USER, value: amount });
      trackOrder(
        { id: 2, revenue: 5, tax: amount, items: [{ sku: 'a' }, { sku: 'b', price: amount }] },
        USER,
      );
      trackOrder(
        { id: 3, revenue: 5, items: [{ sku: 'a', quantity: amount }, { sku: 'c' }] },
        USER,
      );
    });
    expect(dropped.invalid).toBe(3);
    expect(sent).toHaveLength(3);
    const [second, third] = ['2', '3'].map((id) => sent.find(({ ec_id }) => ec_id === id));
    const event = sent.find(({ e_c }) => e_c !== undefined);
    expect([second?.ec_items, third?.ec_items]).toEqual(['[["a","","",0,1]]', '[["c","","",0,1]]']);
    for (const hit of [second, third]) expect(hit).not.toHaveProperty('ec_tx');
    expect(event).not.toHaveProperty('e_v');
    const reasons = [
      /trackOrder: the revenue of an order is not a number such as 9\.99/,
      /trackGoal: the revenue is not a number such as 9\.99/,
      /"revenue" must be a number .*decimal point/,
      /"revenue"\. It was dropped, because it would have another revenue/,
      /"e_v" must be a number /,
      /a tax that is not a number/,
      /an item whose price is not a number/,
      /an item whose quantity is not a number/,
    ];
    expect(output).toEqual(reasons.map((reason) => expect.stringMatching(reason)));
  },
);

test('keys that nothing reads are named in one line, those of items too, and every reason once', async () => {
  const { sent, output } = await jobOf(() => {
    for (let i = 0; i < 2; i++) {
      const items = [{ id: 'x' }, { sku: 'a', category: 'C', qty: 2 }, { sku: 'b', category: 'C' }];
      trackOrder(any({ id: `A-${i}`, revenue: 9, total: 9, taxes: 1, ec_items: [], items }), USER);
      trackOrder(any({ id: `B-${i}`, total: 9 }), USER);
      trackOrder(any({ revenue: 9 }), USER);
      trackGoal(any('x'), USER);
      trackGoal(1, { ...USER, revenue: any('x') });
      trackEvent('', 'a', USER);
      trackHit(any(undefined));
      trackOrder(any({ id: `C-${i}`, revenue: 9, items: { sku: 'a' } }), USER);
    }
  });
  expect(sent.map(({ ec_id }) => ec_id)).toEqual(['A-0', 'C-0', 'A-1', 'C-1']);
  const names =
    /An order has "total", "taxes", "ec_items", "items\[\]\.id", "items\[\]\.category", "items\[\]\.qty", which trackOrder does not know \(it knows id, revenue,/;
  const reasons = [
    names,
    /an item without a sku/,
    /revenue of an order is not a number such as 9\.99 or "9\.99", and it has "total"/,
    /trackOrder: an order needs an id/,
    /trackGoal: a goal is a positive whole number/,
    /trackGoal: the revenue is not a number/,
    /trackEvent: an event needs a category/,
    /trackHit: it needs tracking parameters/,
    /An order has items that are no list/,
  ];
  expect(output).toEqual(reasons.map((reason) => expect.stringMatching(reason)));
  for (const line of output) expect(line).toContain('[parameter-invalid]');
});

test('a mistake of another kind, or in another place, is logged, too', async () => {
  const output = captureOutput();
  const service = await startTracedService((_request, response) => {
    for (let i = 0; i < 2; i++) {
      annotate({ h: 24 });
      trackEvent('a', 'b', { h: any('noon') });
      trackEvent('a', 'b', { h: 24 });
    }
    response.end();
  }, OPTIONS);
  await service.visit('/');
  expect(output).toEqual(
    [/number from an additional hit/, /number from annotate/].flatMap((place) =>
      place.source.includes('additional')
        ? [expect.stringMatching(/string from an additional hit/), expect.stringMatching(place)]
        : [expect.stringMatching(place)],
    ),
  );
});

const UUID = '3F2504E0-4F89-11D3-9A0C-0305E82C3301';
const CLIENT_ID = '123456789.1234567890';
const idOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);

test.each([
  ['0123456789ABCDEF', '0123456789abcdef'],
  [UUID, idOf(UUID.toLowerCase().replaceAll('-', ''))],
  [UUID.toLowerCase(), idOf(UUID.toLowerCase().replaceAll('-', ''))],
  [UUID.replaceAll('-', ''), idOf(UUID.toLowerCase().replaceAll('-', ''))],
  [CLIENT_ID, idOf(CLIENT_ID)],
  [`GA1.1.${CLIENT_ID}`, idOf(CLIENT_ID)],
])('the visitor ID %s is sent as %s, also as an attribute and by an option', async (given, id) => {
  const { sent } = await jobOf(() => trackEvent('a', 'b', { cid: given }));
  expect(sent).toMatchObject([{ cid: id }]);
  const service = await startTracedService(
    (request, response) => {
      if (request.url === '/attribute') trace.getActiveSpan()?.setAttribute('matomo.cid', given);
      if (request.url === '/annotated') annotate({ cid: given });
      response.end();
    },
    {
      ...OPTIONS,
      visitorId: ({ path }) => (path === '/option' ? given : undefined),
      beforeSend: (parameters) =>
        String(parameters.url).endsWith('/changed') ? { ...parameters, cid: given } : parameters,
    },
  );
  const hits = await service.visit(['/attribute', '/annotated', '/option', '/changed']);
  expect(hits.map(({ params }) => params.cid)).toEqual(Array(4).fill(id));
});

test.each(['customer-17', '0123456789', `${UUID}0`, '1.2', 'GA1.1.x', '0123456789abcdefg', 17])(
  'the visitor ID %s is refused with a recipe that makes one',
  async (given) => {
    const { sent, output, dropped } = await jobOf(() => trackEvent('a', 'b', { cid: any(given) }));
    expect(sent).toEqual([]);
    expect(dropped.no_visitor).toBe(1);
    const [recipe] = /createHash\('sha256'\).*?\.slice\(0, 16\)/.exec(output[0] ?? '') ?? [];
    expect(recipe).toBeDefined();
    const made = new Function('createHash', 'id', `return ${recipe}`)(createHash, String(given));
    const again = await jobOf(() => trackEvent('a', 'b', { cid: made }));
    expect(again.sent).toMatchObject([{ cid: idOf(String(given)) }]);
  },
);

test('values in events of spans are read in the same way by the exporter and the gateway', async () => {
  const { exporter, inspector: ofExporter } = await startExporter(OPTIONS);
  const { gateway, inspector: ofGateway } = await startGateway();
  const given = [
    { idgoal: '1', revenue: '9.99', cdt: ISO, cid: UUID },
    { idgoal: '2', revenue: '9,99', cid: UUID },
    { e_c: 'a', e_a: 'b', cdt: 'tomorrow', cid: UUID },
    { e_c: 'a', e_a: 'b', e_v: '3.5', cdt: String(SECONDS * 1000), cid: CLIENT_ID },
  ];
  const events = given.map((parameters) => hitEvent(parameters));
  const names = given.map((parameters) => ({
    name: 'matomo.hit',
    time: [Math.floor(Date.now() / 1000) - 1, 0] as [number, number],
    attributes: Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [`matomo.${name}`, value]),
    ),
  }));
  exporter.export([finishedSpan({ kind: 4, events: names })], () => undefined);
  await exporter.forceFlush();
  expect((await sendSpans(gateway, exportRequest([requestSpan('/', { events })]))).status).toBe(
    200,
  );
  await eventually(() => gateway.stats().tracked === 3);
  for (const { inspector, stats } of [
    { inspector: ofExporter, stats: exporter.stats() },
    { inspector: ofGateway, stats: gateway.stats() },
  ]) {
    const hits = inspector.hits().map(({ params }) => params);
    const additional = hits.filter(({ e_c, idgoal }) => (e_c ?? idgoal) !== undefined);
    expect(stats.dropped.invalid).toBe(2);
    expect(additional).toHaveLength(2);
    expect(additional.find(({ idgoal }) => idgoal === '1')).toMatchObject({
      revenue: '9.99',
      cdt: String(SECONDS),
      cid: idOf(UUID.toLowerCase().replaceAll('-', '')),
    });
    expect(additional.find(({ e_c }) => e_c === 'a')).toMatchObject({
      e_v: '3.5',
      cdt: String(SECONDS),
      cid: idOf(CLIENT_ID),
    });
  }
});

test('with an exporter, too, a call passes dates and decimals on, and is dropped if the event cannot have what it needs', async () => {
  const output = captureOutput();
  const exported: unknown[] = [];
  const { exporter, inspector } = await startExporter(OPTIONS_OF_EXPORTER);
  const service = await startTracedService(
    (request, response) => {
      const cdt = request.url === '/good' ? new Date(SECONDS * 1000) : any({});
      trackEvent('a', 'b', { ...USER, value: any(new Decimal('2.5')), cdt });
      if (request.url === '/good') trackEvent('c', 'd', { ...USER, res: any({}) });
      response.end();
    },
    { enabled: false },
    {
      spanProcessors: [
        {
          onStart: () => undefined,
          onEnd: (span: unknown) => {
            exported.push(span);
            exporter.export([span as never], () => undefined);
          },
          forceFlush: () => Promise.resolve(),
          shutdown: () => Promise.resolve(),
        },
      ] as never,
    },
  );
  await service.fetch('/good');
  await service.fetch('/bad');
  await eventually(() => exported.length === 2);
  await exporter.forceFlush();
  const events = inspector.hits().filter(({ params }) => params.e_c !== undefined);
  expect(events.map(({ params }) => [params.e_c, params.e_v])).toEqual([
    ['a', '2.5'],
    ['c', undefined],
  ]);
  expect(events[0]?.params.cdt).toBe(String(SECONDS));
  expect(exporter.stats().dropped.invalid).toBe(1);
  expect(output.join('\n')).toMatch(/"res" must be text that is not empty/);
  expect(output.join('\n')).toMatch(/"cdt" must be a time/);
});

test('spans that a request has read: attributes of a page view are read as the values of annotate', async () => {
  const { exporter, inspector } = await startExporter(OPTIONS);
  const attributes = {
    'matomo.cdt': ISO,
    'matomo.cid': UUID,
    'matomo.e_c': 'a',
    'matomo.e_a': 'b',
    'matomo.e_v': '2.5',
  };
  exporter.export([spanOfClient('/', {}, attributes)], () => undefined);
  await exporter.forceFlush();
  expect(inspector.hits()[0]?.params).toMatchObject({ cdt: String(SECONDS), e_v: '2.5' });
});
