import { describe } from 'vitest';
import { installNodeBeforeTests, OWN_NODE } from '../support/matrix.js';
import { testGracefulExit } from './graceful-exit.js';

const OTHERS = [20, 24].filter((major) => major !== OWN_NODE);

describe.each(OTHERS)('Node.js %i', (major) => {
  testGracefulExit([0, 60, 200, 1000], installNodeBeforeTests(major));
});
