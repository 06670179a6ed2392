import { describe } from 'vitest';
import { sampled } from '../../support/long.js';
import { installNodeBeforeTests, OWN_NODE } from '../../support/matrix.js';
import { ALL } from './rows/all.js';
import { EXITS, OWN_SIGNALS } from './rows/exits.js';
import { PROCESSES } from './rows/processes.js';
import { SIGNALS } from './rows/signals.js';
import { testEndsTogether } from './table.js';

const OTHERS = [20, 22, 24, 26].filter((major) => major !== OWN_NODE);
/** Rows in which versions of Node.js may differ. In the others, handlers of the application wait and exit. */
const ROWS = [...EXITS, ...OWN_SIGNALS, ...SIGNALS, ...PROCESSES];

describe.each(OTHERS)('Node.js %i', (major) => {
  const findNode = installNodeBeforeTests(major);
  testEndsTogether(sampled(ROWS, ALL), 'memory', {
    answers: ['fast'],
    findSetUp: () => ({ node: findNode() }),
  });
});
