import { describe } from 'vitest';
import { sampled } from '../../support/long.js';
import { installNodeBeforeTests, OWN_NODE } from '../../support/matrix.js';
import { testFetch } from './fetch.js';

describe(`Node.js ${OWN_NODE}`, () => testFetch(() => ({})));

const OTHERS = sampled([24, 26], [22, 24, 26]).filter((major) => major !== OWN_NODE);

describe.each(OTHERS)('Node.js %d', (major) => {
  const findNode = installNodeBeforeTests(major);
  testFetch(() => ({ node: findNode() }));
});
