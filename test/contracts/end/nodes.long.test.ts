import { describe } from 'vitest';
import { installNodeBeforeTests, OWN_NODE } from '../../support/matrix.js';
import { EXITS, OWN_SIGNALS } from './rows/exits.js';
import { PROCESSES } from './rows/processes.js';
import { SIGNALS } from './rows/signals.js';
import { testEnds } from './table.js';

const OTHERS = [20, 26].filter((major) => major !== OWN_NODE);
/** Rows in which versions of Node.js may differ. In the others, handlers of the application wait and exit. */
const ROWS = [...EXITS, ...OWN_SIGNALS, ...SIGNALS, ...PROCESSES];

describe.each(OTHERS)('Node.js %i', (major) => {
  const findNode = installNodeBeforeTests(major);
  testEnds(ROWS, 'memory', {
    answers: ['fast'],
    findSetUp: () => ({ node: findNode() }),
  });
});
