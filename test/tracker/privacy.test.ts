import { expect, test } from 'vitest';
import { consent } from '../../src/options/parse-values.js';
import { hasConsent } from '../../src/tracker/privacy.js';
import { words } from '../support/words.js';

test.each([
  ['cookie:consent=yes', 'consent=yes', true],
  ['cookie:consent=yes', 'a=b; consent=yes; c=d', true],
  ['cookie:consent=yes', 'a=b;consent=yes ;c', true],
  ['cookie:consent=yes', 'consent=yes; consent=yes', true],
  ['cookie:consent=yes', 'consent=yes; consent=no', false],
  ['cookie:consent=yes', 'consent=yesno', false],
  ['cookie:consent=yes', 'consent=YES', false],
  ['cookie:consent=yes', 'consent="yes"', false],
  ['cookie:consent=yes', 'Consent=yes', false],
  ['cookie:consent=yes', 'myconsent=yes', false],
  ['cookie:consent=yes', 'a=consent=yes', false],
  ['cookie:consent=yes', 'consent', false],
  ['cookie:consent=yes', '', false],
  ['cookie:consent=a=b', 'consent=a=b', true],
  ['header:X-Consent=yes', 'yes', true],
  ['header:X-Consent=yes', 'yes, yes', false],
  ['header:X-Consent=yes', 'yes, no', false],
  ['header:X-Consent=yes', 'yesno', false],
])('%s: the header %j is consent: %s', (option, header, expected) => {
  expect(hasConsent(consent('consent', option), header)).toBe(expected);
});

test('names of headers are read in lower case, names of cookies as they are', () => {
  expect(consent('consent', 'header:X-Consent=Yes')).toEqual({
    source: 'header',
    name: 'x-consent',
    value: 'Yes',
  });
  expect(consent('consent', 'cookie:Consent=Yes').name).toBe('Consent');
});

test.each(
  words(`
  consent=yes cookie:consent cookie:consent= cookie:=yes cookie:consent=yes;x=y
  header:x-consent=yes,no query:consent=yes
`),
)('%s is invalid', (option) => {
  expect(() => consent('consent', option)).toThrow('cookie:name=value');
});
