import { expect, test } from 'vitest';
import { findExcess, SCENARIOS } from './scenarios.js';
import { type History, simulate } from './simulate.js';

/** By hand: `SIMULATED_SEEDS=1000`. */
const SEEDS = Number(process.env.SIMULATED_SEEDS ?? 5);

test.each(Object.entries(SCENARIOS))('%s', (_name, scenario) => {
  const histories = Array.from({ length: SEEDS }, (_, i) => simulate(scenario, (i + 1) * 7919));
  const total = (name: keyof History) => histories.reduce((sum, each) => sum + each[name], 0);
  for (const history of histories) {
    const { rejectedGood: _, ...others } = history;
    expect(findExcess({ ...others, rejectedGood: 0 }, scenario.limits)).toEqual({});
  }
  const most = Math.max((scenario.limits?.rejected ?? 0) * total('good'), 0);
  expect(total('rejectedGood')).toBeLessThanOrEqual(Math.ceil(most));
});
