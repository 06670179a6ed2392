import type { Scenario } from './scenario.js';
import { FUNCTIONS } from './scenarios/functions.js';
import { RESPONSES } from './scenarios/responses.js';
import { SPANS } from './scenarios/spans.js';
import { TITLES } from './scenarios/titles.js';
import { VISITORS } from './scenarios/visitors.js';

/** What a request is, what its handler does, and which hits it makes. */
export const SCENARIOS: readonly Scenario[] = [
  ...RESPONSES,
  ...FUNCTIONS,
  ...TITLES,
  ...VISITORS,
  ...SPANS,
];
