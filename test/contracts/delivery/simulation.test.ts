import { expect, test } from 'vitest';
import { findExcess, SCENARIOS } from './scenarios.js';
import { simulate } from './simulate.js';

const SHORT = Object.entries(SCENARIOS).filter(([, { isLong }]) => !isLong);

test.each(SHORT)('%s', (_name, scenario) => {
  expect(findExcess(simulate(scenario, 1), scenario.limits)).toEqual({});
});
