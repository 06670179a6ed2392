import { describe, test } from 'vitest';
import { installNodeBeforeTests } from '../support/matrix.js';
import { seededRandom } from '../support/seed.js';
import { checkConnectionEvents } from './connection-events.js';
import { checkLateBodies, TRACING } from './late-bodies.js';

describe.each([20, 22, 24, 26])('on Node.js %i', (major) => {
  const findNode = installNodeBeforeTests(major);

  test.for(TRACING)(
    '%s, callbacks of bodies that arrive late annotate their own request',
    async ([, preloads]) => {
      await checkLateBodies(2000, seededRandom(), { node: findNode(), preloads });
    },
  );

  test('events of a connection belong to their own request, or to none', () =>
    checkConnectionEvents(major, findNode()));
});
