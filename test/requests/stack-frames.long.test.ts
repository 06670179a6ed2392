import { describe, expect, test } from 'vitest';
import { runNode } from '../support/child-process.js';
import { installNodeBeforeTests } from '../support/matrix.js';
import { APPS, REGISTER, TRACED } from '../support/registered-app.js';

/** Places of an application at which no frame of this package is in a stack trace, and no message names it. */
const CLEAN = [0, false];

describe.each([
  [20, 0],
  [22, 0],
  [24, 2], // Node.js 24 emits the body in no async context
])('stack traces on Node.js %i', (major, ofBody) => {
  const findNode = installNodeBeforeTests(major);

  test.each([
    ['without tracing', REGISTER],
    ['with tracing', [...TRACED, ...REGISTER]],
  ])('%s: frames of this package are only where Node.js loses the context', async (_how, args) => {
    const { stdout } = await runNode([...args, `${APPS}/stack-frames.cjs`], {
      node: findNode(),
      env: { MATOMO_URL: 'http://127.0.0.1:1', MATOMO_SITE_ID: '1' },
    });
    expect(JSON.parse(stdout)).toEqual({
      handler: CLEAN,
      data: [ofBody, false],
      end: [ofBody, false],
      later: CLEAN,
      finish: CLEAN,
      close: CLEAN,
      Express: CLEAN,
    });
  });
});
