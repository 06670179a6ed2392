import { expect } from 'vitest';
import type { LossReason } from '../../../src/delivery/queue/counters.js';
import type { FaultRow } from './ride-out.js';

interface Expected {
  /** What hits are lost as, and some are. */
  readonly lost: readonly LossReason[];
  /** What an operator reads. */
  readonly logs?: RegExp;
  /** Whether hits are sent again although Matomo may have stored them. */
  readonly mayDuplicate?: boolean;
}

/** What holds after every fault. */
export function expectAccounted(
  { hits: made, stats, stored, duplicates, lines }: FaultRow,
  { lost, logs, mayDuplicate = false }: Expected,
): void {
  const { hits, pending, tracked, accepted, invalid } = stats;
  const losses = Object.entries(stats.lost).filter(([, count]) => count > 0);
  const sumOfLost = losses.reduce((sum, [, count]) => sum + count, 0);
  const said = lines.join('');
  expect({ hits, pending }, said).toEqual({ hits: made, pending: 0 });
  expect(tracked + accepted + invalid + sumOfLost).toBe(made);
  expect(
    losses.map(([reason]) => reason),
    said,
  ).toEqual(lost);

  // What Matomo said that it stored is stored, and beyond it only what nobody could know of.
  expect(stored).toBeGreaterThanOrEqual(tracked);
  // An order that is sent twice is stored once, and invalid the second time.
  const resentOrders = mayDuplicate ? invalid : 0;
  expect(stored).toBeLessThanOrEqual(tracked + accepted + stats.lost.unconfirmed + resentOrders);
  if (!mayDuplicate) expect(duplicates).toBe(0);

  if (logs) expect(said).toMatch(logs);
}
