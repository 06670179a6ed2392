import { expect, test } from 'vitest';
import { bulkKindOf, encodeHits } from '../../../src/delivery/queue/encode-hits.js';

const VISITORS = ['Émile', 'Ángel', 'ann', 'éa', 'eb', 'Ω', 'aé', 'aá', 'abcdeé', 'abcdeá', ''];

test.each([VISITORS, [...VISITORS].reverse()])(
  'hits are in the order of their visitors as texts, also with %s first',
  (...visitors) => {
    const hits = visitors.map((visitor) => ({
      site: 1,
      visitor,
      startSeconds: 0,
      kind: 'page' as const,
      query: '?rec=1',
    }));
    for (const some of [hits, hits.slice(0, 2), hits.slice(-3)]) {
      const expected = some.map(({ visitor }) => visitor).sort();
      expect(encodeHits(some).map(({ visitor }) => visitor)).toEqual(expected);
    }
  },
);

test.for([
  ['?idsite=1&rec=1&recMode=1', 'chatbot'],
  ['?idsite=1&recMode=1&rec=1', 'chatbot'],
  ['?idsite=1&recMode=10&recMode=1&rec=1', 'chatbot'],
  ['?idsite=1&rec=1', 'page'],
  ['?idsite=1&recMode=2', 'page'],
  ['?idsite=1&recMode=12', 'page'],
  ['?idsite=1&xrecMode=1', 'page'],
  ['?idsite=1&url=https%3A%2F%2Fshop.test%2F%3Fa%3D1%26recMode%3D1', 'page'],
])('the text %s is of a bulk of kind %s', ([query, kind]) => {
  expect(bulkKindOf('page', query as string)).toBe(kind);
  expect(bulkKindOf('page', Buffer.from(query as string))).toBe(kind);
});

test('a crash stays a crash', () => {
  expect(bulkKindOf('crash', '?idsite=1&recMode=1')).toBe('crash');
});
