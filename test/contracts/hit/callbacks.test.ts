import { expect, test } from 'vitest';
import { build, type Facts, type MatomoOptions } from '../doors/build.js';

/** What a callback must not return: a promise of a good value, one that rejects, and another thenable. */
const THENABLES: [what: string, make: (value: unknown) => unknown][] = [
  ['a promise', (value) => Promise.resolve(value)],
  ['a promise that rejects', () => Promise.reject(new Error('late'))],
  // biome-ignore lint/suspicious/noThenProperty: it is what is tested
  ['a query builder', (value) => ({ then: (resolve: (value: unknown) => void) => resolve(value) })],
];
const EVENT: Facts = { calls: [['trackEvent', 'a', 'b']] };

const MISSING: [string, (make: () => never) => MatomoOptions, parameter: string, value?: string][] =
  [
    ['actionName', (make) => ({ actionName: make }), 'action_name', 'GET /users/:id'],
    ['userId', (make) => ({ userId: make }), 'uid'],
    ['dimensions[3]', (make) => ({ dimensions: { 3: make } }), 'dimension3'],
  ];

test.each(MISSING.flatMap((row) => THENABLES.map(([what, make]) => [row, what, make] as const)))(
  '%o: a result counts as missing if it is %s',
  ([, optionsOf, parameter, value], _what, make) => {
    const options = optionsOf(() => make('x') as never);
    const { hits, problems } = build(EVENT, options);
    expect(hits.map(({ parameters }) => parameters[parameter])).toEqual([value, undefined]);
    expect(problems).toEqual(['callback-failed']);
  },
);

test.each(THENABLES)('visitorId: the ID is made as without one if it returns %s', (_, make) => {
  const visitorId = () => make('0123456789abcdef') as never;
  const cids = build(EVENT, { visitorId }).hits.map(({ parameters }) => parameters.cid);
  expect(new Set([...cids, build().hits[0]?.parameters.cid]).size).toBe(1);
});

const EXCLUDING: [option: string, value: unknown, ignored: string][] = [
  ['siteId', 1, 'site'],
  ['ignore', false, 'predicate'],
  ['beforeSend', {}, 'predicate'],
];

test.each(EXCLUDING.flatMap((row) => THENABLES.map((each) => [...row, ...each] as const)))(
  '%s (%o): no hit is made, which counts as %s, if it returns %s',
  (option, value, ignored, _what, make) => {
    const built = build(EVENT, { [option]: () => make(value) });
    expect(built).toMatchObject({ hits: [], ignored, problems: ['callback-failed'] });
  },
);
