import { describe } from 'vitest';
import { installNodeBeforeTests, OWN_NODE } from '../../support/matrix.js';
import { testFetch } from './fetch.js';

describe(`Node.js ${OWN_NODE}`, () => testFetch(() => ({})));

const OTHERS = [20, 26].filter((major) => major !== OWN_NODE);

describe.each(OTHERS)('Node.js %d', (major) => {
  const findNode = installNodeBeforeTests(major);
  testFetch(() => ({ node: findNode() }));
});
