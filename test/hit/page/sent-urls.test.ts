import fc from 'fast-check';
import { expect, test } from 'vitest';
import { redactSecrets } from '../../../src/hit/page/redaction.js';
import { createSentUrls } from '../../../src/hit/page/sent-urls.js';
import { withoutUserInfo } from '../../../src/hit/text.js';
import { sampled } from '../../support/long.js';
import { seededRuns } from '../../support/seed.js';

const FULL = {
  query: 'redact',
  siteSearch: false,
  referrers: 'full',
  urlPaths: 'full',
  redactPathPatterns: [],
} as const;

test.each([
  [
    'redact',
    'https://g.example/u/7?q=shoes&token=abc',
    'https://g.example/u/7?q=shoes&token=redacted',
  ],
  ['strip', 'https://g.example/?q=shoes', 'https://g.example/'],
  ['keep', 'https://g.example?token=abc', 'https://g.example?token=redacted'],
  [
    ['q', 'token'],
    'https://g.example/?q=shoes&token=abc',
    'https://g.example/?q=shoes&token=redacted',
  ],
  [['q'], 'https://g.example/?q=a%40b.example&page=2', 'https://g.example/?q=redacted'],
  ['keep', 'https://g.example/a;jsessionid=abc?x=1', 'https://g.example/a;jsessionid=redacted?x=1'],
  ['keep', 'https://g.example/a?x=1#access_token=abc', 'https://g.example/a?x=1'],
  ['keep', 'https://g.example/a?x=1&amp;token=abc', 'https://g.example/a?x=1&token=redacted'],
  ['redact', 'https://u:pw@g.example/', 'https://g.example/'],
  ['redact', '//u:pw@g.example/', '//g.example/'],
  ['redact', 'https:\\\\u:pw@g.example\\a', 'https:\\\\g.example\\a'],
  ['redact', 'https:/u:p@w@g.example/a@b', 'https:/g.example/a@b'],
  ['redact', 'u:pw@g.example/', 'g.example/'],
  ['redact', 'u:pw@g.example:/a@b', 'g.example:/a@b'],
  ['redact', '\x85https://u:pw@g.example/', '\x85https://g.example/'],
  ['redact', '\x85https:/u:pw@g.example/', '\x85https:/g.example/'],
  ['redact', '\x85//u:pw@g.example/', '\x85//g.example/'],
  ['redact', 'https:\x85//u:pw@g.example/', 'https:\x85//g.example/'],
  [
    'redact',
    'https://auth.g.example:8443/token=abc/',
    'https://auth.g.example:8443/token=redacted/',
  ],
  ['keep', 'https://g.example/token://abc', 'https://g.example/redacted//abc'],
  ['redact', '//reset-password/9fK2mQ7x', '//reset-password/redacted'],
  ['redact', '///token/9fK2mQ7x', '///token/redacted'],
  ['redact', 'https://g.example//token/9fK2mQ7x', 'https://g.example//token/redacted'],
  ['redact', 'https:////token/9fK2mQ7x', 'https:////token/redacted'],
  ['redact', 'https:/token/9fK2mQ7x', 'https:/token/redacted'],
  ['redact', 'file:///token/9fK2mQ7x', 'file:///token/redacted'],
  ['redact', 'https://max%40example.org/a', 'https://redacted/a'],
  ['redact', 'https://user%3Apw%40g.example/a', 'https://redacted/a'],
  ['redact', 'https://g.example;token=abc/a', 'https://g.example;token=redacted/a'],
  ['redact', 'https://g.example&token=abc', 'https://g.example&token=redacted'],
  ['redact', 'https://g.example%2Ftoken%2F9fK2mQ7x', 'https://redacted'],
  ['redact', 'https://müller.example/a', 'https://müller.example/a'],
  ['redact', 'about:blank', 'about:blank'],
  ['redact', 'nonsense', 'nonsense'],
] as const)('with %s the referrer %s is %s', (query, referrer, tracked) => {
  expect(createSentUrls({ ...FULL, query }).ofReferrer(referrer)).toBe(tracked);
});

test('all of a referrer before its query is redacted, except for its origin', () => {
  const toReferrer = createSentUrls({ ...FULL, query: 'keep' }).ofReferrer;
  const piece = fc.constantFrom('https://', '//', ':', '/', '?', '#', '@', ';', '&', '=', 'a', 'é');
  const referrers = fc.array(fc.oneof(piece, fc.constantFrom('token', 'q', '%40', '\n', 'b.c')));
  fc.assert(
    fc.property(referrers, (pieces) => {
      const referrer = pieces.join('');
      const page = withoutUserInfo(referrer.replace(/[?#].*/s, ''));
      const [, origin = '', path = ''] =
        /^([a-z][a-z\d+.-]*:\/\/(?:a|b\.c)+(?![^/]))?(.*)/s.exec(page) ?? [];
      expect(toReferrer(referrer)?.split('?')[0]).toBe(origin + redactSecrets(path));
    }),
    seededRuns(sampled(500, 5000)),
  );
});

test('patterns of the application redact the path of a referrer', () => {
  const toReferrer = createSentUrls({ ...FULL, redactPathPatterns: [/\d+/] }).ofReferrer;
  expect(toReferrer('https://g.example/u/7?q=shoes')).toBe('https://g.example/u/redacted?q=shoes');
});

test.each([
  ['https://ref.example/a/b?q=x#c', 'https://ref.example/'],
  ['https://u:p@ref.example:8443/a', 'https://ref.example:8443/'],
  ['http://[2001:db8::1]/a', 'http://[2001:db8::1]/'],
  ['android-app://com.example.mail/inbox/7', 'android-app://com.example.mail/'],
  ['https:\\\\ref.example\\a', 'https:\\\\ref.example/'],
  ['https://max%40example.org/a', undefined],
  ['/a/b?q=x', undefined],
  ['//9fK2mQ7x/a', undefined],
  ['max@example.org', undefined],
  ['mailto:max@example.org', undefined],
  ['about:blank', undefined],
] as const)('with referrers: "origin", %s is %s', (referrer, sent) => {
  const toReferrer = createSentUrls({ ...FULL, referrers: 'origin' }).ofReferrer;
  expect(toReferrer(referrer)).toBe(sent);
});

test.each([
  ['https://shop.example/users/42?x=1', 'https://shop.example/users/:id?x=1'],
  ['http://SHOP.example:8080/users/42', 'http://SHOP.example:8080/users/:id'],
  ['/users/max%40example.org', '/users/redacted'],
  ['//users/42', '//users/:id'],
  ['https://ref.example/users/42?q=x', 'https://ref.example/users/:id?q=x'],
  ['https://shop.example', 'https://shop.example'],
] as const)('with urlPaths: "template", the referrer %s is %s', (referrer, sent) => {
  expect(createSentUrls({ ...FULL, urlPaths: 'template' }).ofReferrer(referrer)).toBe(sent);
});
