import { describe } from 'vitest';
import { sampled } from '../../support/long.js';
import { installNodeBeforeTests } from '../../support/matrix.js';
import { testAllHosts } from './host-flags.js';

describe.each(sampled([20, 24], [20, 22, 24]))('Node.js %d', (major) => {
  const findNode = installNodeBeforeTests(major);
  testAllHosts(major, () => ({ node: findNode() }));
});
