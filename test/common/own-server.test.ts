import { expect, test } from 'vitest';
import { isOwnHost } from '../../src/common/own-server.js';

test.each([
  ['192.0.2.7:8080', true],
  ['[::1]', true],
  ['LocalHost:8080', true],
  ['shop.localhost', true],
  ['Own.Example:8080', true],
  ['other.example', false],
  ['own.example.other.example', false],
  ['127.0.0.1.other.example', false],
  ['localhost.other.example', false],
  ['[other.example]', false],
  ['notlocalhost', false],
  ['other.example/.localhost', false],
  ['other.example#.localhost', false],
  ['user@localhost', false],
  ['', false],
])('Host: %s is the own host: %s', (host, isOwn) => {
  expect(isOwnHost(host, 'own.example')).toBe(isOwn);
});

test('a server that has an address or no name has no other name', () => {
  for (const ownName of ['127.0.0.1', '::1', '']) {
    expect(isOwnHost('other.example', ownName)).toBe(false);
    expect(isOwnHost('', ownName)).toBe(false);
  }
});
