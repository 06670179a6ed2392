import { describe } from 'vitest';
import { installNodeBeforeTests } from '../../support/matrix.js';
import { testSubscribers } from './subscribers.js';

describe.each([22, 24])('Node.js %d', (major) => {
  const findNode = installNodeBeforeTests(major);
  testSubscribers(() => ({ node: findNode() }), true);
});
