import { expect, test } from 'vitest';
import { parsePlace, showPlace } from '../../src/delivery/spool.js';

test.each<[string, string | undefined]>([
  ['redis://127.0.0.1', 'redis://127.0.0.1'],
  ['REDISS://user:secret@redis.example:6380/1', 'rediss://redis.example:6380/1'],
  ['redis://u:secret@127.0.0.1/2', 'redis://127.0.0.1/2'],
  ['redis://127.0.0.1?shards=4', undefined],
  ['redis:127.0.0.1', undefined],
  ['https://example.org/spool', undefined],
  ['user:secret@redis.example', undefined],
  ['redis//secret@redis.example', undefined],
  ['reddis:/user:secret@redis.example', undefined],
  ['./user:sec\nret@redis.example', undefined],
  ['C:\\spool\\@matomo', 'C:\\spool\\@matomo'],
  ['/srv/@scope/spool', '/srv/@scope/spool'],
  ['./a@b:c', './a@b:c'],
  ['spool@host', 'spool@host'],
  ['/var/spool/a:b@c', undefined],
  ['rediss', 'rediss'],
])('%s as a spool', (place, shown) => {
  const parsed = parsePlace(place);
  expect(parsed === undefined ? undefined : showPlace(parsed)).toBe(shown);
});
