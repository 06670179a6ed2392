import { describe, test } from 'vitest';
import { installNodeBeforeTests } from '../support/matrix.js';
import { seededRandom } from '../support/seed.js';
import { checkConnectionEvents } from './connection-events.js';
import { checkLateBodies, TRACING } from './late-bodies.js';

// On Node.js 24 and later, the context of a body that arrives late is restored.
describe.each([20, 26])('on Node.js %i', (major) => {
  const findNode = installNodeBeforeTests(major);

  test.for(TRACING)(
    '%s, callbacks of bodies that arrive late annotate their own request',
    async ([, preloads]) => {
      await checkLateBodies(1000, seededRandom(), { node: findNode(), preloads });
    },
  );
});

describe.each([20, 22, 24, 26])('on Node.js %i', (major) => {
  const findNode = installNodeBeforeTests(major);

  test('events of a connection belong to their own request, or to none', () =>
    checkConnectionEvents(major, findNode()));
});
