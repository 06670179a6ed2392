import { SpanKind } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { trackEvent } from '../../src/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { captureOutput } from '../support/output.js';
import { startProcessor } from '../support/senders.js';
import { startTracedService } from '../support/traced-service.js';

/** What a callback must not return: a promise of a good value, one that rejects, and another thenable. */
const THENABLES: [string, (value: unknown) => unknown][] = [
  ['a promise', (value) => Promise.resolve(value)],
  ['a promise that rejects', () => Promise.reject(new Error('late'))],
  // biome-ignore lint/suspicious/noThenProperty: it is what is tested
  ['a query builder', (value) => ({ then: (resolve: (value: unknown) => void) => resolve(value) })],
];

/** Requests a page twice, with an event each; what became of the hits, and the lines in the log. */
async function outcomeOf(options: MatomoOptions) {
  const output = captureOutput();
  const service = await startTracedService(
    (_request, response) => {
      trackEvent('at', 'once');
      response.end();
    },
    { scheduledDelayMillis: 60_000, ...options },
  );
  for (let i = 0; i < 2; i++) await service.fetch('/a');
  await service.requests(2);
  const hits = (await service.hits()).map(({ params }) => params);
  const lines = output.join('').split('\n').filter(Boolean);
  return { hits, stats: service.processor.stats(), lines };
}

const MISSING: [string, (make: () => never) => MatomoOptions, string, string | undefined][] = [
  ['actionName', (make) => ({ actionName: make }), 'action_name', 'GET /a'],
  ['userId', (make) => ({ userId: make }), 'uid', undefined],
  ['dimensions[3]', (make) => ({ dimensions: { 3: make } }), 'dimension3', undefined],
];

test.each(
  MISSING.flatMap(([...row]) => THENABLES.map(([what, make]) => [...row, what, make] as const)),
)(
  '%s: a result counts as missing if it is a thenable',
  async (option, optionsOf, parameter, value, _what, make) => {
    const { hits, lines } = await outcomeOf(optionsOf(() => make('x') as never));
    const pages = hits.filter(({ e_c }) => e_c === undefined);
    expect(pages.map((params) => params[parameter])).toEqual([value, value]);
    expect(lines).toEqual([expect.stringContaining(`option ${option} `)]);
    expect(lines[0]).toMatch(/\[callback-failed\]$/);
  },
);

test.each(THENABLES)(
  'visitorId: the ID is made as if there were no function if it returns %s',
  async (_what, make) => {
    const { hits, lines } = await outcomeOf({ visitorId: () => make('0123456789abcdef') as never });
    expect(hits).toHaveLength(4);
    for (const { cid } of hits) expect(cid).toMatch(/^(?!0123456789abcdef)[\da-f]{16}$/);
    expect(lines).toEqual([expect.stringMatching(/option visitorId .*\[callback-failed\]$/)]);
  },
);

test.each(THENABLES)('siteId: nothing is tracked if it returns %s', async (_what, make) => {
  const { hits, stats, lines } = await outcomeOf({ siteId: () => make(1) as never });
  expect(hits).toEqual([]);
  expect(stats.ignored.site).toBe(2);
  expect(lines).toEqual([expect.stringMatching(/option siteId .*\[callback-failed\]$/)]);
});

test.each(THENABLES)(
  'ignore: the request and its events are excluded if it returns %s',
  async (_what, make) => {
    const { hits, stats, lines } = await outcomeOf({ ignore: () => make(false) as never });
    expect(hits).toEqual([]);
    expect(stats).toMatchObject({ hits: 0, ignored: { predicate: 2 } });
    expect(lines).toEqual([expect.stringMatching(/option ignore .*\[callback-failed\]$/)]);
  },
);

test.each([...THENABLES, ['nothing', () => undefined], ['a list', () => []]] as typeof THENABLES)(
  'beforeSend: hits are dropped and counted, and one line says so, if it returns %s',
  async (_what, make) => {
    const { hits, stats, lines } = await outcomeOf({ beforeSend: (given) => make(given) as never });
    expect(hits).toEqual([]);
    expect(stats).toMatchObject({ hits: 0, ignored: { predicate: 2 }, dropped: { predicate: 2 } });
    expect(lines).toEqual([expect.stringMatching(/option beforeSend .*\[callback-failed\]$/)]);
  },
);

const fail = () => {
  throw new RangeError('private');
};
const ERRORS: [what: string, error: unknown, said: string][] = [
  ['a name', new RangeError('private'), 'RangeError'],
  ['a name that throws', Object.defineProperty(new Error(), 'name', { get: fail }), 'an error'],
  [
    'a name that is no text',
    Object.defineProperty(new Error(), 'name', { value: Symbol('a') }),
    'an error',
  ],
  ['a prototype that throws', new Proxy(new Error(), { getPrototypeOf: fail }), 'an error'],
];

test.each(
  ERRORS.flatMap((row) =>
    ['ignore', 'beforeSend', 'siteId'].map((option) => [option, ...row] as const),
  ),
)(
  '%s: hits are dropped and counted, and one line says so, after an error with %s',
  async (option, _what, error, said) => {
    const throwIt = () => {
      throw error;
    };
    const { hits, stats, lines } = await outcomeOf({ [option]: throwIt });
    expect(hits).toEqual([]);
    const reason = option === 'siteId' ? 'site' : 'predicate';
    expect(stats).toMatchObject({ hits: 0, ignored: { [reason]: 2 } });
    expect(lines).toEqual([
      expect.stringMatching(
        new RegExp(`option ${option} threw ${said}\\b.* \\[callback-failed\\]$`),
      ),
    ]);
  },
);

test('beforeSend: null drops on purpose, and nothing is logged', async () => {
  const { hits, stats, lines } = await outcomeOf({ beforeSend: () => null });
  expect(hits).toEqual([]);
  expect(stats).toMatchObject({ hits: 0, ignored: { predicate: 2 }, dropped: { predicate: 2 } });
  expect(lines).toEqual([]);
});

test('a dimension that is made with the hit is not read from the span', async () => {
  const dimensions = { 1: 'http.request.method', 2: 'http.response.status_code', 3: 'http.route' };
  const { hits, tracer } = await startProcessor({ dimensions });
  const attributes = {
    'http.request.method': '_OTHER',
    'http.request.method_original': 'PURGE',
    'http.response.status_code': 200,
    'http.route': '/:id(\\d+)',
    'url.path': '/1',
  };
  tracer.startSpan('PURGE', { kind: SpanKind.SERVER, attributes }).end();
  const [hit] = await hits();
  expect(hit?.params).toMatchObject({ dimension1: 'PURGE', dimension2: '200', dimension3: '/:id' });
});

test('a function of dimensions returns any value of an attribute, and userId a number', async () => {
  const { hits } = await outcomeOf({
    userId: () => 42,
    dimensions: { 1: () => ['a', 'b'], 2: () => true, 3: () => 0, 4: () => undefined },
  });
  const [page] = hits.filter(({ e_c }) => e_c === undefined);
  expect(page).toMatchObject({ uid: '42', dimension1: 'a,b', dimension2: 'true', dimension3: '0' });
  expect(page).not.toHaveProperty('dimension4');
});

test.each([
  ['userId', { userId: () => Number.NaN }, 'uid'],
  ['a dimension', { dimensions: { 1: () => Number.POSITIVE_INFINITY } }, 'dimension1'],
  ['a list in a dimension', { dimensions: { 1: () => [1, Number.NaN] } }, 'dimension1'],
] as const)('%s: a number that is not finite is not sent', async (_what, options, parameter) => {
  const { hits, lines } = await outcomeOf(options);
  expect(hits).toHaveLength(4);
  for (const params of hits) expect(params).not.toHaveProperty(parameter);
  expect(lines).toEqual([expect.stringMatching(/\[parameter-invalid\]$/)]);
});
