import { describe } from 'vitest';
import { installNodeBeforeTests, OWN_NODE } from '../../support/matrix.js';
import { ALL } from './rows/all.js';
import { testEnds } from './table.js';

const OTHERS = [20, 22, 24, 26].filter((major) => major !== OWN_NODE);

describe.each(OTHERS)('Node.js %i', (major) => {
  const findNode = installNodeBeforeTests(major);
  testEnds(ALL, 'memory', () => ({ node: findNode() }));
});
