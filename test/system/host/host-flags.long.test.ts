import { describe } from 'vitest';
import { installNodeBeforeTests } from '../../support/matrix.js';
import { testAllHosts, testOtherWays } from './host-flags.js';

describe.each([20, 24])('Node.js %d', (major) => {
  const findNode = installNodeBeforeTests(major);
  const options = () => ({ node: findNode() });
  testAllHosts(major, options);
  if (major === 24) testOtherWays(options);
});
