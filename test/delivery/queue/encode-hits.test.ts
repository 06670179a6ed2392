import { expect, test } from 'vitest';
import { encodeHits } from '../../../src/delivery/queue/encode-hits.js';

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
