import { describe, test } from 'vitest';
import { sampled } from '../support/long.js';
import { installNodeBeforeTests } from '../support/matrix.js';
import { checkConnectionEvents } from './connection-events.js';

describe.each(sampled([20, 22, 26], [20, 22, 24, 26]))('on Node.js %i', (major) => {
  const findNode = installNodeBeforeTests(major);

  test('events of a connection belong to their own request, or to none', () =>
    checkConnectionEvents(findNode()));
});
