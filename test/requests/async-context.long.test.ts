import { expect, test } from 'vitest';
import { COLD_MILLIS, matrix } from '../support/matrix.js';
import { seededRandom } from '../support/seed.js';
import { skipTest } from '../support/skips.js';
import { checkConnectionEvents } from './connection-events.js';
import { checkLateBodies, TRACING } from './late-bodies.js';

const NODES = [20, 22, 24, 26];

/** Skips the test if this version of Node.js cannot be installed. */
async function nodeOf(major: number): Promise<string> {
  const { value, reason, failure } = await matrix.attempt(() => matrix.installNode(major));
  skipTest(reason, 'packages');
  expect(failure).toBeUndefined();
  return value?.path ?? '';
}

test.for(NODES.flatMap((major) => TRACING.map((given) => [major, ...given] as const)))(
  'on Node.js %i, %s, callbacks of bodies that arrive late annotate their own request',
  { timeout: COLD_MILLIS },
  async ([major, _given, preloads]) => {
    await checkLateBodies(2000, seededRandom(), { node: await nodeOf(major), preloads });
  },
);

test.for(NODES)(
  'on Node.js %i, events of a connection belong to their own request, or to none',
  { timeout: COLD_MILLIS },
  async (major) => checkConnectionEvents(await nodeOf(major)),
);
