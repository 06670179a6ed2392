import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlotMap } from '../../src/common/slot-map.js';
import { seededRuns } from '../support/seed.js';

test('it holds what a Map holds', () => {
  const key = fc.integer({ min: 0, max: 5 });
  const step = fc.record({ does: fc.constantFrom('add', 'delete', 'takeOldest'), key });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const map = new Map<number, number>();
      const slots = new SlotMap<number, number>();
      for (const [i, { does, key }] of steps.entries()) {
        if (does === 'add' && !map.has(key)) {
          map.set(key, i);
          slots.add(key, i);
        } else if (does === 'delete') {
          map.delete(key);
          slots.delete(key);
        } else if (does === 'takeOldest') {
          const [oldest] = map;
          expect(slots.takeOldest()).toBe(oldest?.[1]);
          if (oldest) map.delete(oldest[0]);
        }
        expect([slots.size, slots.get(key)]).toEqual([map.size, map.get(key)]);
        expect([...slots.values()]).toEqual([...map.values()]);
      }
    }),
    seededRuns(),
  );
});
