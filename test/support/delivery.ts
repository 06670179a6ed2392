import { beforeEach, onTestFinished, vi } from 'vitest';
import { Delivery } from '../../src/delivery/delivery.js';
import type { DeliveryOptions } from '../../src/delivery/delivery-options.js';
import type { DeliveryCounters } from '../../src/delivery/queue/counters.js';
import type { Hit, PendingHit } from '../../src/hit/hit.js';
import { DEFAULT_OPTIONS } from './default-options.js';
import { collectDiagnostics } from './diagnostics.js';
import { kindOf, nameOf, queryOf } from './named-hits.js';
import { scriptedTransport } from './scripted-transport.js';

/** Every test of the file begins at the same noon, and time passes only if the test advances it. */
export function useFakeTime(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 20, 12) });
    onTestFinished(() => void vi.useRealTimers());
  });
}

/** A delivery to a Matomo that answers as a test says, with waits as long as they can be. */
export function setUp(options: Partial<DeliveryOptions> = {}, random = () => 1) {
  const transport = scriptedTransport();
  const { diagnostics, logged } = collectDiagnostics();
  const delivery = new Delivery({ ...DEFAULT_OPTIONS, ...options }, transport, diagnostics, random);
  return { delivery, transport, logged };
}

let names = 0;

/** A hit that has been final for a long time, unless options change that. */
export function pending(overrides: Partial<Hit & PendingHit> & { name?: string } = {}): PendingHit {
  const name = overrides.name ?? String(++names);
  const endedMillis = overrides.endedMillis ?? performance.now();
  const hit: Hit = {
    site: 1,
    visitor: overrides.visitor ?? 'v',
    startSeconds: overrides.startSeconds ?? Date.now() / 1000,
    kind: overrides.kind ?? kindOf(name),
    query: queryOf(name),
  };
  return {
    endedMillis,
    finalMillis: endedMillis + 20,
    bytes: overrides.bytes ?? 1000,
    isFinal: overrides.isFinal ?? ((now) => now - endedMillis >= 20),
    finalize: overrides.finalize ?? (() => [hit]),
  };
}

export const sentNames = (transport: { bodies: { requests: string[] }[] }) =>
  transport.bodies.map(({ requests }) => requests.map(nameOf));

/** Hits in = pending + counted, as it has to be at every moment. */
export function accountedFor({ pending: open, counters }: Delivery): number {
  return open + sumOfCounters(counters);
}

/** The number of hits counted. */
export function sumOfCounters({ tracked, accepted, invalid, lost }: DeliveryCounters): number {
  return Object.values(lost).reduce((sum, count) => sum + count, tracked + accepted + invalid);
}
