import { Delivery, type DeliveryOptions } from '../../src/delivery/delivery.js';
import type { Hit, HitKind } from '../../src/hit/hit.js';
import type { MatomoStats } from '../../src/tracker/stats.js';
import { DEFAULT_OPTIONS } from './default-options.js';
import { collectDiagnostics } from './diagnostics.js';
import { scriptedTransport } from './scripted-transport.js';

/** A delivery to a Matomo that answers as a test says, with waits as long as they can be. */
export function setUp(options: Partial<DeliveryOptions> = {}, random = () => 1) {
  const transport = scriptedTransport();
  const { diagnostics, logged } = collectDiagnostics();
  const delivery = new Delivery({
    options: { ...DEFAULT_OPTIONS, ...options },
    ...{ transport, diagnostics, random },
    lines: diagnostics.lines,
  });
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

/** Hits that have a result. */
export function sumOfResults({
  tracked,
  accepted,
  invalid,
  lost,
}: Pick<MatomoStats, 'tracked' | 'accepted' | 'invalid' | 'lost'>): number {
  return Object.values(lost).reduce((sum, count) => sum + count, tracked + accepted + invalid);
}

/** The text of a hit that is called so. */
function queryOf(name: string): string {
  return isChatbot(name) ? `?h=${name}&recMode=1` : `?h=${name}`;
}

/** The kind of a hit that is called so. */
function kindOf(name: string): HitKind {
  return isChatbot(name) ? 'chatbot' : 'action';
}

/** Whether a hit of that name is for Matomo's AI chatbot reports. */
function isChatbot(name: string): boolean {
  return name.includes('.bot');
}
