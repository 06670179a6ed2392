import { expect, test } from 'vitest';
import { Batch, toBody } from '../../../src/delivery/queue/batch.js';
import { BatchQueue } from '../../../src/delivery/queue/batch-queue.js';
import type { Hit } from '../../../src/hit/hit.js';

function hit(given: Partial<Hit>): Hit {
  return { site: 1, visitor: 'v', startSeconds: 1, kind: 'page', query: '?rec=1', ...given };
}

const VISITORS = ['Émile', 'Ángel', 'ann', 'éa', 'eb', 'Ω', 'aé', 'aá', 'abcdeé', 'abcdeá', ''];

test.each([VISITORS, [...VISITORS].reverse()])(
  'the hits of a batch are in the order of their visitors as texts, also with %s first',
  (...visitors) => {
    const hits = visitors.map((visitor) => hit({ visitor }));
    const queue = new BatchQueue(100);
    queue.add(hits, false);
    expect(queue.takeBatch(1e6).map(({ visitor }) => visitor)).toEqual([...visitors].sort());
  },
);

const QUERIES = ['?idsite=1&a=1', '?idsite=1&b=2', '?idsite=1&c=3'];

test.each(['a'.repeat(32), undefined, 'a "quoted" token'])(
  'a body has the hits in their order and the token %s',
  (token) => {
    const hits = QUERIES.map((query) => hit({ query }));
    const bodyOf = (some: typeof hits) => JSON.parse(toBody(some, token).toString());
    expect(bodyOf(hits)).toEqual({ requests: QUERIES, token_auth: token });
    expect(bodyOf(hits.slice(1)).requests).toEqual(QUERIES.slice(1));
    expect(bodyOf([...hits].reverse()).requests).toEqual([...QUERIES].reverse());
  },
);

test('a hit that is larger than a bulk may be is sent alone', () => {
  const queue = new BatchQueue(100);
  const large = hit({ query: `?${'x'.repeat(1_000_000)}` });
  queue.add([hit({}), large, large, hit({})], false);
  expect(queue.lists.unsent.map(({ hits }) => hits.length)).toEqual([1, 1, 1, 1]);
});

test.each<
  [what: string, (batch: Batch) => readonly Batch[], starts: readonly (readonly number[])[]]
>([
  ['a batch', (batch) => [batch], [[7, 3, 9, 5]]],
  [
    'its halves',
    (batch) => batch.halve(),
    [
      [7, 3],
      [9, 5],
    ],
  ],
  ['its last hit, and the rest', (batch) => [batch.takeLast(), batch], [[5], [7, 3, 9]]],
  [
    'halves of its halves',
    (batch) => batch.halve().flatMap((half) => half.halve()),
    [[7], [3], [9], [5]],
  ],
])('the oldest hit of %s is known', (_what, split, starts) => {
  const batch = new Batch('page', false);
  for (const [i, startSeconds] of [7, 3, 9, 5].entries())
    batch.add(hit({ startSeconds, visitor: String(i) }), 100);
  batch.close();
  const parts = split(batch);
  expect(parts.map(({ hits }) => hits.map(({ startSeconds }) => startSeconds))).toEqual(starts);
  const oldest = starts.map((each) => Math.min(...each));
  expect(parts.map(({ oldestSeconds }) => oldestSeconds)).toEqual(oldest);
});
