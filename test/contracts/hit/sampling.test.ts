import { expect, test } from 'vitest';
import { type Facts, type MatomoOptions, openBuilder } from '../doors/build.js';
import { additional, golden, page } from './golden.js';

const CLIENTS = Array.from({ length: 80 }, (_, i) => i);

/** For each client, how many hits its two requests and their events make. */
function hitsByClient(options: MatomoOptions, factsOf: (client: number) => Facts): number[] {
  const builder = openBuilder(options);
  const counts = CLIENTS.map((client) => {
    const built = ['/a', '/b'].map((path) =>
      builder.build({ path, route: '', calls: [['trackEvent', 'a', 'b']], ...factsOf(client) }),
    );
    return built.reduce((sum, { hits }) => sum + hits.length, 0);
  });
  builder.close();
  return counts;
}

const byAgent = (client: number): Facts => ({ headers: { 'user-agent': `client${client}/1` } });

test.each<[what: string, options: MatomoOptions, factsOf: (client: number) => Facts]>([
  ['the visitor ID', {}, byAgent],
  ['the visitor ID that is not sent', { visitorId: 'none' }, byAgent],
  [
    'the user of an attribute',
    { userId: 'enduser.id' },
    (client) => ({ attributes: { 'enduser.id': `user${client}` } }),
  ],
])('all hits of a visitor are in the sample or none is, by %s', (_what, options, factsOf) => {
  const counts = hitsByClient({ ...options, sampleRate: 0.5 }, factsOf);
  expect(new Set(counts)).toEqual(new Set([0, 4]));
  const share = counts.filter((count) => count > 0).length / CLIENTS.length;
  expect(share).toBeGreaterThan(0.3);
  expect(share).toBeLessThan(0.7);
  expect(new Set(hitsByClient({ ...options, sampleRate: 1 }, factsOf))).toEqual(new Set([4]));
});

test('the sample of a user does not depend on keys, options or versions of the package', () => {
  const taken = (sampleRate: number) =>
    ['ann', 'bob', 'cid', 'dan', 'eve', 'fay', 'gus', 'hal'].filter((uid) => {
      const builder = openBuilder({ sampleRate });
      const { hits } = builder.build({ calls: [['annotate', { uid }]] });
      builder.close();
      return hits.length > 0;
    });
  expect({ half: taken(0.5), quarter: taken(0.25) }).toEqual({
    half: ['ann', 'cid', 'gus', 'hal'],
    quarter: ['hal'],
  });
});

const byUsers = (ofRequest: string, ofEvent: string): Facts => ({
  calls: [
    ['annotate', { uid: ofRequest }],
    ['trackEvent', 'a', 'b', { uid: ofEvent }],
  ],
});

// An event with a user of its own is in the sample if both users are.
golden([
  {
    options: { sampleRate: 0.5 },
    facts: byUsers('ann', 'cid'),
    hits: [page({ uid: 'ann' }), additional({ uid: 'cid', e_c: 'a', e_a: 'b' })],
  },
  { options: { sampleRate: 0.5 }, facts: byUsers('ann', 'bob'), page: { uid: 'ann' } },
  { options: { sampleRate: 0.5 }, facts: byUsers('bob', 'ann'), ignored: 'sampled' },
]);
