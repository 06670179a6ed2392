import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { toSentClient } from '../../../src/hit/visitor/client.js';
import { collectGarbage, keptBytes, PARTS_BYTES } from '../../support/kept-bytes.js';

const PHONE = '"Chromium";v="130"\n?1';
const LONG = 'x'.repeat(1100);
const hintsOf = (brand: string) => `"${brand}";v="1"`;

test.for([
  ['a long user agent', { userAgent: LONG, clientHints: PHONE }],
  ['a long language', { acceptLanguage: LONG, clientHints: PHONE }],
  ['long hints', { userAgent: 'curl/8', clientHints: hintsOf('中'.repeat(400)) }],
  [
    'hints that are too long to be sent',
    { userAgent: 'curl/8', clientHints: hintsOf('x'.repeat(5000)) },
  ],
  ['a user agent that is long if it is encoded', { userAgent: '中'.repeat(400) }],
] as const)('what is sent of a client with %s is not remembered', async ([, headers]) => {
  const sent = Array.from({ length: 1000 }, () => new WeakRef(toSentClient(headers)));
  await nextTurn(); // until then, nothing that a weak reference was made to is collected
  collectGarbage();
  expect(sent.filter((fields) => fields.deref()).length).toBeLessThan(10);
  expect(toSentClient(headers)).toEqual(toSentClient(headers));
});

test('no text is kept of which a header is a part', () => {
  const kept = keptBytes((part) =>
    toSentClient({ userAgent: part, acceptLanguage: part, clientHints: hintsOf(part) }),
  );
  expect(kept).toBeLessThan(PARTS_BYTES / 4);
});
