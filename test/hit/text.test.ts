import { expect, test } from 'vitest';
import { nearestName } from '../../src/hit/text.js';

test.each([
  ['action_nmae', 'action_name'],
  ['Dimension1', 'dimension1'],
  ['urlRef', 'urlref'],
  ['pf_serv', 'pf_srv'],
  ['something else entirely', undefined],
])('the nearest name to %s is %s', (name, nearest) => {
  expect(nearestName(name, ['action_name', 'urlref', 'pf_srv', 'dimension1'])).toBe(nearest);
});
