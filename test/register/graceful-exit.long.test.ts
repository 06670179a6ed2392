import { beforeAll, describe, expect } from 'vitest';
import { COLD_MILLIS, matrix, type Outcome, OWN_NODE } from '../support/matrix.js';
import { skipTest } from '../support/skips.js';
import { testGracefulExit } from './graceful-exit.js';

const OTHERS = [20, 24].filter((major) => major !== OWN_NODE);

describe.each(OTHERS)('Node.js %i', (major) => {
  let installed: Outcome<{ path: string }>;
  beforeAll(async () => {
    installed = await matrix.attempt(() => matrix.installNode(major));
  }, COLD_MILLIS);

  testGracefulExit([0, 60, 200, 1000], () => {
    skipTest(installed.reason, 'packages');
    expect(installed.failure).toBeUndefined();
    return installed.value?.path ?? '';
  });
});
