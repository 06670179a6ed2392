import { test } from 'vitest';
import { checkConnectionEvents } from './connection-events.js';

test('events of a connection belong to their own request, or to none', () =>
  checkConnectionEvents());
