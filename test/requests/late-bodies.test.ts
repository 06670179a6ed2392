import { test } from 'vitest';
import { checkLateBodies, TRACING } from '../support/late-bodies.js';
import { seededRandom } from '../support/seed.js';

test.each(TRACING)(
  '%s, callbacks of bodies that arrive late annotate their own request',
  async (_given, preloads) => {
    await checkLateBodies(200, seededRandom(), { preloads });
  },
);
