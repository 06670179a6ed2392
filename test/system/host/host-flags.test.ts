import { test } from 'vitest';
import { REGISTER } from '../../support/registered-app.js';
import { DANGEROUS, expectAllToLive } from './hosts.js';

test('hosts that ended processes live and end as they would', () =>
  expectAllToLive(DANGEROUS, REGISTER));
