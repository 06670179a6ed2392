import { expect, test } from 'vitest';
import { type SpoolBackendName, spoolBackendOf } from '../../../src/delivery/spool/backends.js';

test.each<[string, SpoolBackendName, string | undefined]>([
  ['redis://127.0.0.1', 'redis', 'redis://127.0.0.1'],
  ['REDISS://user:secret@redis.example:6380/1', 'redis', 'rediss://redis.example:6380/1'],
  [' redis://127.0.0.1/2 ', 'redis', 'redis://127.0.0.1/2'],
  ['redis://u:secret@127.0.0.1/2', 'redis', 'redis://127.0.0.1/2'],
  ['redis://127.0.0.1?shards=4', 'redis', undefined],
  ['redis://', 'redis', undefined],
  ['redis://127.0.0.1/queue', 'redis', undefined],
  ['redis:127.0.0.1', 'file', undefined],
  ['https://example.org/spool', 'file', undefined],
  ['user:secret@redis.example', 'file', undefined],
  ['redis//user:secret/x@redis.example', 'file', undefined],
  ['//user:secret@redis.example', 'file', undefined],
  ['redis//secret@redis.example', 'file', undefined],
  ['reddis:/user:secret@redis.example', 'file', undefined],
  ['./user:sec\nret@redis.example', 'file', undefined],
  ['C:\\spool\\@matomo', 'file', 'C:\\spool\\@matomo'],
  ['/srv/@scope/spool', 'file', '/srv/@scope/spool'],
  ['/var/spool/matomo', 'file', '/var/spool/matomo'],
  ['rediss', 'file', 'rediss'],
])('%s is for %s', (place, name, shown) => {
  const backend = spoolBackendOf(place);
  expect(backend.name).toBe(name);
  const parsed = backend.parse(place);
  expect(parsed === undefined ? undefined : backend.show(parsed)).toBe(shown);
});
