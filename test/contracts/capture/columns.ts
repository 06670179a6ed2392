import { expect } from 'vitest';
import type { ComingPart } from '../../support/skips.js';
import { type Column, type ColumnSetup, startColumn, type TrackedHit } from '../doors/capture.js';
import { type ExpectedHit, type Hits, SCENARIOS, type Scenario } from './scenarios.js';

/** A process that has run all scenarios of a column. */
export interface RunColumn {
  readonly scenarios: readonly Scenario[];
  check(scenario: Scenario): void;
  errors(): string;
}

export const columnName = ({ protocol, tracing, framework, sampler = 1 }: Setup) =>
  `HTTP/${protocol}, ${framework}, ${TRACINGS[tracing]}${sampler === 1 ? '' : `, sampler ${sampler}`}`;

type Setup = Omit<ColumnSetup, 'routes'>;

const TRACINGS = {
  none: 'without tracing',
  processor: 'SDK 2 with the processor',
  register: 'register beside SDK 2',
};

export const scenariosOf = (setup: Setup) => SCENARIOS.filter(({ except }) => !except?.(setup));

/** Parts that a row may wait for, in this column. */
export const comingPart = ({ from }: Scenario): ComingPart | undefined => from;

const pathOf = (url: string) => url.split('?')[0] as string;

/** Runs all scenarios at once, each with its requests one after the other. */
export async function runColumn(setup: Setup): Promise<RunColumn> {
  const scenarios = scenariosOf(setup);
  const column = await startColumn({ ...setup, routes: scenarios.flatMap(routesOf) });
  const received = new Map(
    await Promise.all(
      scenarios.map(async (scenario) => [scenario, await sendAll(column, scenario)] as const),
    ),
  );
  const hits = await column.stop();
  return {
    scenarios,
    errors: column.errors,
    check(scenario) {
      if (scenario.receives) expect(received.get(scenario)).toMatchObject(scenario.receives);
      const paths = scenario.sends.map(({ path }) => pathOf(path));
      const found = hits.filter(({ path }) => paths.includes(path));
      expectHits(found, scenario.differs?.[setup.framework] ?? scenario.hits);
    },
  };
}

function routesOf({ mount, route, does, before, sends }: Scenario) {
  if (does === undefined) return [];
  const path = route ?? pathOf((sends[0] as { path: string }).path);
  return [
    {
      route: path,
      handler: does,
      ...(before !== undefined && { before }),
      ...(mount !== undefined && { mount }),
    },
  ];
}

async function sendAll(column: Column, { sends }: Scenario) {
  const received = [];
  for (const sent of sends) received.push(await column.send(sent));
  return received;
}

/** In any order. */
function expectHits(found: readonly TrackedHit[], expected: Hits): void {
  const wanted = expected.map((hit): ExpectedHit => (typeof hit === 'string' ? { hit } : hit));
  const names = found.map(({ hit }) => hit);
  expect(names.toSorted()).toEqual(wanted.map(({ hit }) => hit).toSorted());
  const left = [...found];
  for (const { hit, params = {} } of wanted) {
    const candidates = left.filter((each) => each.hit === hit);
    const match = candidates.find((each) => matches(each, params)) ?? candidates[0];
    left.splice(left.indexOf(match as TrackedHit), 1);
    for (const [name, value] of Object.entries(params)) {
      const actual = match?.params[name];
      if (value instanceof RegExp) expect(actual, `${name} of ${hit}`).toMatch(value);
      else expect(actual, `${name} of ${hit}`).toBe(value);
    }
  }
}

function matches(hit: TrackedHit, params: ExpectedHit['params'] = {}): boolean {
  return Object.entries(params).every(([name, value]) => {
    const actual = hit.params[name];
    return value instanceof RegExp ? value.test(actual ?? '') : actual === value;
  });
}
