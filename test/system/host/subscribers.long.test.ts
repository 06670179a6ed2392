import { describe } from 'vitest';
import { installNodeBeforeTests, OWN_NODE } from '../../support/matrix.js';
import { testSubscribers } from './subscribers.js';

describe(`Node.js ${OWN_NODE}`, () => testSubscribers(() => ({}), OWN_NODE >= 22));

const OTHERS = [24].filter((major) => major !== OWN_NODE);

describe.each(OTHERS)('Node.js %d', (major) => {
  const findNode = installNodeBeforeTests(major);
  testSubscribers(() => ({ node: findNode() }), true);
});
