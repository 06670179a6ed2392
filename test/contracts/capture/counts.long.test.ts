import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { type Stats, startColumn } from '../doors/capture.js';
import {
  additionalHits,
  chatbots,
  columnName,
  hitsOf,
  nonZero,
  OPTIONS,
  routesOf,
  type Setup,
  scenariosOf,
  sendAll,
} from './columns.js';
import type { Scenario } from './scenario.js';

/** What a scenario adds to `stats()`. */
interface Counts {
  readonly hits: number;
  readonly additionalHits: number;
  readonly aiChatbots: number;
  readonly ignored: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, number>>;
  readonly unusedSpans: number;
}

const COLUMNS: readonly Setup[] = [
  { protocol: '1.1', framework: 'node', tracing: 'processor' },
  { protocol: '1.1', framework: 'node', tracing: 'start' },
];

/** What comes much later counts while others run. */
const scenariosAtOnce = (setup: Setup) =>
  scenariosOf(setup).filter(({ needs = [] }) => !needs.includes('time'));

describe.each(COLUMNS.map((setup) => [columnName(setup), setup] as const))('%s', (_name, setup) => {
  let counted: ReturnType<typeof countScenarios> | undefined;
  test.each(scenariosAtOnce(setup).map((scenario) => [scenario.name, scenario] as const))(
    'counts of %s',
    async (_scenario, scenario) => {
      counted ??= countScenarios(setup);
      expect((await counted).get(scenario)).toEqual(expectedCounts(scenario, setup));
    },
  );
});

function expectedCounts(scenario: Scenario, setup: Setup): Counts {
  const hits = hitsOf(scenario, setup);
  const { ignored, sends, unusedSpans = 0 } = scenario;
  return {
    hits: hits.length,
    additionalHits: additionalHits(hits),
    aiChatbots: chatbots(hits),
    ignored: ignored === undefined ? {} : { [ignored]: sends.length },
    dropped: {},
    unusedSpans,
  };
}

/** Runs the scenarios of a column in one process, one after the other. */
async function countScenarios(setup: Setup): Promise<Map<Scenario, Counts>> {
  const scenarios = scenariosAtOnce(setup);
  const column = await startColumn({
    ...setup,
    options: OPTIONS,
    routes: scenarios.flatMap(routesOf),
  });
  const counts = new Map<Scenario, Counts>();
  let before = await column.askStats();
  for (const scenario of scenarios) {
    const expected = countEnded(expectedCounts(scenario, setup));
    await sendAll(column, scenario);
    const ask = async () => {
      const stats = await column.askStats();
      return countEnded(subtract(stats, before)) >= expected && stats;
    };
    const after = await eventually(ask, { describe: () => `the counts of "${scenario.name}"` });
    counts.set(scenario, subtract(after, before));
    before = after;
  }
  await column.stop();
  expect(subtract(column.stats() as Stats, before)).toEqual(NOTHING);
  return counts;
}

const NOTHING: Counts = {
  hits: 0,
  additionalHits: 0,
  aiChatbots: 0,
  ignored: {},
  dropped: {},
  unusedSpans: 0,
};

/** Hits, and requests that have ended without one. */
const countEnded = ({ hits, ignored }: Counts) =>
  Object.values(ignored).reduce((sum, count) => sum + count, hits);

function subtract(after: Stats, before: Stats): Counts {
  const difference = (name: 'ignored' | 'dropped') =>
    nonZero(
      Object.fromEntries(
        Object.entries(after[name]).map(([key, count]) => [key, count - (before[name][key] ?? 0)]),
      ),
    );
  return {
    hits: after.hits - before.hits,
    additionalHits: after.additionalHits - before.additionalHits,
    aiChatbots: after.aiChatbots - before.aiChatbots,
    ignored: difference('ignored'),
    dropped: difference('dropped'),
    unusedSpans: after.spans.unused - before.spans.unused,
  };
}
