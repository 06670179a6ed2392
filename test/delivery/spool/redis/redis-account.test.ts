import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sumOfCounters } from '../../../../src/delivery/queue/counters.js';
import { RedisAccount } from '../../../../src/delivery/spool/redis/redis-account.js';
import { seededRuns } from '../../../support/seed.js';

test('a Redis that has forgotten its last second costs what is missing; what is open once more is taken over', () => {
  const account = new RedisAccount();
  account.learn(fields({ stored: 100, tracked: 80 }), 100);
  const { counts, takenOver } = account.learn(fields({ stored: 90, tracked: 60 }), 0);
  expect(sumOfCounters(counts)).toBe(0);
  expect(account).toMatchObject({ open: 40, missing: 10 });
  expect(takenOver).toBe(20);
  expect(account.giveUpMissing()).toBe(10);
  expect(account.open).toBe(30);
});

test('after Redis has forgotten a process, a hit counts by the result that its sender reports', () => {
  const account = new RedisAccount();
  account.learn(fields({ first_seen: 1, stored: 30, tracked: 5 }), 30);
  expect(account.learn(fields({ first_seen: 2, stored: 10 }), 10)).toMatchObject({ takenOver: 0 });
  expect(account).toMatchObject({ open: 35, missing: 25 });
  const { counts, takenOver } = account.learn(
    fields({ first_seen: 2, stored: 30, tracked: 20 }),
    0,
  );
  expect([counts.tracked, takenOver]).toEqual([20, 0]);
  expect(account).toMatchObject({ open: 15, missing: 5 });
});

test('hits that others have taken over are theirs', () => {
  const account = new RedisAccount();
  account.learn(fields({ stored: 10 }), 10);
  const { counts, takenOver } = account.learn(
    fields({ stored: 10, taken_over: -4, tracked: 1 }),
    0,
  );
  expect(counts.tracked).toBe(1);
  expect(takenOver).toBe(-4);
  expect(account.open).toBe(5);
});

test('whatever Redis replies, hits are open or counted, and counts only grow', () => {
  const small = fc.nat(50);
  const logged = fc.record({
    stored: small,
    taken_over: fc.integer({ min: -20, max: 20 }),
    tracked: small,
    expired: small,
    added: small,
    first_seen: fc.nat(2),
    givesUp: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(logged, { maxLength: 20 }), (answers) => {
      const account = new RedisAccount();
      let hits = 0;
      let counted = 0;
      let takenOverSum = 0;
      for (const { added, givesUp, ...rest } of answers) {
        hits += added;
        const { counts, takenOver } = account.learn(fields(rest), added);
        expect(Math.min(counts.tracked, ...Object.values(counts.lost))).toBeGreaterThanOrEqual(0);
        counted += sumOfCounters(counts);
        if (givesUp) counted += account.giveUpMissing();
        takenOverSum += takenOver;
        expect(account.open).toBeGreaterThanOrEqual(0);
        expect(hits + takenOverSum).toBe(account.open + counted);
      }
    }),
    seededRuns(),
  );
});

function fields(values: Record<string, number>): ReadonlyMap<string, number> {
  return new Map(Object.entries(values));
}
