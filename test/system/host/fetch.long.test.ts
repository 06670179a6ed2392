import { describe } from 'vitest';
import { sampled } from '../../support/long.js';
import { installNodeBeforeTests } from '../../support/matrix.js';
import { testFetch } from './fetch.js';

describe.each(sampled([24, 26], [22, 24, 26]))('Node.js %d', (major) => {
  const findNode = installNodeBeforeTests(major);
  testFetch(() => ({ node: findNode() }));
});
