import { expect, test } from 'vitest';
import { isOwnHost } from '../../src/common/own-server.js';
import { words } from '../support/words.js';

test.each(words('192.0.2.7:8080 [::1] LocalHost:8080 shop.localhost Own.Example:8080'))(
  'Host: %s is the own host',
  (host) => {
    expect(isOwnHost(host, 'own.example')).toBe(true);
  },
);

test.each([
  '',
  ...words(`
    other.example own.example.other.example 127.0.0.1.other.example localhost.other.example [other.example]
    notlocalhost other.example/.localhost other.example#.localhost user@localhost
  `),
])('Host: %s is another host', (host) => {
  // A server that has an address or no name has no other name.
  for (const ownName of ['own.example', '127.0.0.1', '::1', ''])
    expect(isOwnHost(host, ownName)).toBe(false);
});
