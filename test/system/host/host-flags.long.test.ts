import { describe } from 'vitest';
import { sampled } from '../../support/long.js';
import { installNodeBeforeTests } from '../../support/matrix.js';
import { testAllHosts, testOtherWays } from './host-flags.js';

describe.each(sampled([24], [20, 24]))('Node.js %d', (major) => {
  const findNode = installNodeBeforeTests(major);
  const options = () => ({ node: findNode() });
  testAllHosts(major, options);
  if (major === 24) testOtherWays(options);
});
