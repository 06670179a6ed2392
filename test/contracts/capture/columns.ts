import { expect } from 'vitest';
import {
  type Column,
  type ColumnSetup,
  type Route,
  startColumn,
  type TrackedHit,
} from '../doors/capture.js';
import type { ExpectedHit, Needed, Scenario } from './scenario.js';
import { SCENARIOS } from './scenarios.js';

export const columnName = ({ protocol, tracing, framework, sampler = 1 }: Setup) =>
  `HTTP/${protocol}, ${framework}, tracing ${tracing}${sampler === 1 ? '' : `, sampler ${sampler}`}`;

export type Setup = Omit<ColumnSetup, 'routes'>;

export const scenariosOf = (setup: Setup) => SCENARIOS.filter((each) => isIn(each, setup));

function isIn({ needs = [], except }: Scenario, setup: Setup): boolean {
  return !except?.(setup) && needs.every((need) => HAS[need](setup));
}

export const hasStats = (setup: Setup) => HAS.code(setup);

/** Instrumentations make SERVER spans over HTTP/1.1 only. */
const hasSpans = ({ protocol, tracing }: Setup) =>
  protocol === '1.1' && (tracing === 'processor' || tracing === 'register' || tracing === 'both');
const HAS: Readonly<Record<Needed, (setup: Setup) => boolean>> = {
  spans: hasSpans,
  recorded: (setup) => hasSpans(setup) && (setup.sampler ?? 1) === 1,
  'child spans': ({ protocol, tracing, sampler = 1 }) =>
    sampler === 1 && (tracing === 'register' || (tracing === 'processor' && protocol === '1.1')),
  'all requests': ({ tracing }) => tracing !== 'processor',
  'HTTP/1.1': ({ protocol }) => protocol === '1.1',
  code: ({ tracing }) => tracing === 'processor' || tracing === 'start',
  time: () => (process.env.TEST_LENGTH ?? '') !== '',
};

export const OPTIONS = {
  MATOMO_TOKEN_AUTH: 'a'.repeat(32),
  MATOMO_VISITOR_KEY: 'the-same-in-each-process',
  MATOMO_DIMENSIONS: [
    '1=http.request.method',
    '2=http.response.status_code',
    '3=http.route',
    '4=network.protocol.version',
    '8=matomo.failed_endpoint',
  ].join(),
  MATOMO_CONSENT: 'header:x-consent=yes',
  MATOMO_DO_NOT_TRACK: 'true',
  MATOMO_USER_ID: 'http.request.header.x-api-key',
  MATOMO_TRUST_PROXY: '1',
  MATOMO_IGNORE_ADDRESSES: '198.51.100.99',
  MATOMO_IGNORE_PATHS: '/health',
};

const hitsOf = ({ differs, hits }: Scenario, { framework }: Setup): ExpectedHit[] =>
  (differs?.[framework] ?? hits).map((hit) => (typeof hit === 'string' ? { hit } : hit));

const count = (hits: readonly TrackedHit[], pattern: RegExp) =>
  hits.filter(({ hit }) => pattern.test(hit)).length;

const pathOf = (url: string) => url.split('?')[0] as string;

/** Runs all scenarios at once, each with its requests one after the other. */
export async function runColumn(setup: Setup) {
  const scenarios = scenariosOf(setup);
  const column = await startColumn({
    options: OPTIONS,
    ...setup,
    routes: scenarios.flatMap(routesOf),
  });
  const received = new Map(
    await Promise.all(
      scenarios.map(async (scenario) => {
        const [result] = await Promise.allSettled([sendAll(column, scenario)]);
        return [scenario, result] as const;
      }),
    ),
  );
  const hits = await column.stop();
  return {
    checkStats() {
      const stats = column.stats();
      expect(stats).toMatchObject({
        hits: hits.length,
        additionalHits: count(hits, /^(?:event|goal|order|search) /),
        aiChatbots: count(hits, /^chatbot/),
        pending: 0,
        invalid: 0,
      });
      expect((stats?.tracked ?? 0) + (stats?.accepted ?? 0)).toBe(hits.length);
      expect(nonZero(stats?.lost)).toEqual({});
      const ignored: Record<string, number> = {};
      for (const { ignored: reason, sends } of scenarios) {
        if (reason !== undefined) ignored[reason] = (ignored[reason] ?? 0) + sends.length;
      }
      expect(nonZero(stats?.ignored)).toEqual(ignored);
      expect(nonZero(stats?.dropped)).toEqual({});
      const unused = scenarios.reduce((sum, { unusedSpans = 0 }) => sum + unusedSpans, 0);
      expect(stats?.spans.unused).toBe(unused);
    },
    checkLog() {
      const expected = new Set(['tracking', ...scenarios.flatMap(({ logs = [] }) => logs)]);
      expect(column.logged().toSorted()).toEqual([...expected].sort());
    },
    check(scenario: Scenario) {
      const receives = scenario.receives?.map(({ isComplete, ...others }) =>
        setup.protocol === '1.1' && isComplete !== undefined ? { ...others, isComplete } : others,
      );
      const result = received.get(scenario);
      if (result?.status === 'rejected') throw result.reason;
      if (receives) expect(result?.value).toMatchObject(receives);
      const paths = scenario.paths ?? scenario.sends.map(({ path }) => pathOf(path));
      const found = hits.filter(({ path }) => paths.includes(path));
      expectHits(found, hitsOf(scenario, setup));
    },
  };
}

const nonZero = (counts: Readonly<Record<string, number>> = {}) =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));

function routesOf({ mount, route, does, before, next, sends }: Scenario): Route[] {
  if (does === undefined) return [];
  const path = route ?? pathOf(sends[0]?.path ?? '');
  return [
    { route: path, handler: does, ...(before && { before }), ...(mount && { mount }) },
    ...(next ? [{ route: next.route, handler: next.does }] : []),
  ];
}

async function sendAll(column: Column, { sends, sendsAtOnce }: Scenario) {
  if (sendsAtOnce) return Promise.all(sends.map((sent) => column.send(sent)));
  const received = [];
  for (const sent of sends) received.push(await column.send(sent));
  return received;
}

export function expectHits(found: readonly TrackedHit[], wanted: readonly ExpectedHit[]): void {
  const names = found.map(({ hit }) => hit);
  expect(names.toSorted()).toEqual(wanted.map(({ hit }) => hit).toSorted());
  const left = [...found];
  for (const { hit, params = {} } of wanted) {
    const values = Object.entries(params);
    const isMatch = ({ params: sent }: TrackedHit) =>
      values.every(([name, value]) =>
        value instanceof RegExp ? value.test(sent[name] ?? '') : sent[name] === value,
      );
    const candidates = left.filter((each) => each.hit === hit);
    const match = (candidates.find(isMatch) ?? candidates[0]) as TrackedHit;
    left.splice(left.indexOf(match), 1);
    for (const [name, value] of values) {
      const expected = value instanceof RegExp ? expect.stringMatching(value) : value;
      expect(match.params[name], `${name} of ${hit}`).toEqual(expected);
    }
  }
}
