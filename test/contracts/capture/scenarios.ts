import type { Scenario } from './scenario.js';
import { BODIES } from './scenarios/bodies.js';
import { CHATBOTS } from './scenarios/chatbots.js';
import { FUNCTIONS } from './scenarios/functions.js';
import { MIDDLEWARES } from './scenarios/middlewares.js';
import { OPERATIONS } from './scenarios/operations.js';
import { RESPONSES } from './scenarios/responses.js';
import { SOCKETS } from './scenarios/sockets.js';
import { SPANS } from './scenarios/spans.js';
import { TITLES } from './scenarios/titles.js';
import { VISITORS } from './scenarios/visitors.js';

/** What a request is, what its handler does, and which hits it makes. */
export const SCENARIOS: readonly Scenario[] = [
  ...RESPONSES,
  ...FUNCTIONS,
  ...BODIES,
  ...MIDDLEWARES,
  ...TITLES,
  ...OPERATIONS,
  ...VISITORS,
  ...SPANS,
  ...CHATBOTS,
  ...SOCKETS,
];
