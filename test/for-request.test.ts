import { expect, test } from 'vitest';
import { forRequest } from '../src/index.js';
import { captureOutput } from './support/output.js';

// The first one: what has tracked in this process still counts calls that come after its shutdown.
test('without tracking forRequest does nothing and logs nothing', async () => {
  const output = captureOutput();
  const { annotate, ignore, measure, trackEvent } = forRequest({});
  annotate({ dimension1: 'x' });
  ignore();
  trackEvent('a', 'b');
  expect(measure('pf_srv', () => 5)).toBe(5);
  for (const invalid of [undefined, null, 1, 'text', () => 1])
    forRequest(invalid as never).ignore();
  expect(output).toEqual([]);
});
