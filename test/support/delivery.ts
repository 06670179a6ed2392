import { beforeEach, onTestFinished, vi } from 'vitest';
import { Delivery } from '../../src/delivery/delivery.js';
import type { DeliveryOptions } from '../../src/delivery/delivery-options.js';
import type { DeliveryCounters } from '../../src/delivery/queue/counters.js';
import type { Hit } from '../../src/hit/hit.js';
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

/** A hit, unless overrides change that, of one visitor, which began now. */
export function pending({
  name = String(++names),
  ...overrides
}: Partial<Hit> & { name?: string } = {}): Hit {
  return {
    site: 1,
    visitor: 'v',
    startSeconds: Date.now() / 1000,
    kind: kindOf(name),
    query: queryOf(name),
    ...overrides,
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
