import { test } from 'vitest';
import { seededRandom } from '../support/seed.js';
import { checkLateBodies, TRACING } from './late-bodies.js';

test.each(TRACING)(
  '%s, callbacks of bodies that arrive late annotate their own request',
  async (_given, preloads) => {
    await checkLateBodies(200, seededRandom(), { preloads });
  },
);
