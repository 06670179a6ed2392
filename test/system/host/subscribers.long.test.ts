import { describe } from 'vitest';
import { sampled } from '../../support/long.js';
import { installNodeBeforeTests } from '../../support/matrix.js';
import { testSubscribers } from './subscribers.js';

describe.each(sampled([24], [22, 24]))('Node.js %d', (major) => {
  const findNode = installNodeBeforeTests(major);
  testSubscribers(() => ({ node: findNode() }), true);
});
