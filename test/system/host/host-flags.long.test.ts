import { describe } from 'vitest';
import { installNodeBeforeTests } from '../../support/matrix.js';
import { testAllHosts } from './host-flags.js';

describe.each([20, 22, 24])('Node.js %d', (major) => {
  const findNode = installNodeBeforeTests(major);
  testAllHosts(major, () => ({ node: findNode() }));
});
