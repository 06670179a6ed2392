import { describe } from 'vitest';
import { installNodeBeforeTests } from '../../support/matrix.js';
import { testFetch } from './fetch.js';

describe.each([22, 24, 26])('Node.js %d', (major) => {
  const findNode = installNodeBeforeTests(major);
  testFetch(() => ({ node: findNode() }));
});
