import { Delivery, type DeliveryOptions } from '../../src/delivery/delivery.js';
import type { Hit } from '../../src/hit/hit-text.js';
import { DEFAULT_OPTIONS } from './default-options.js';
import { silentDiagnostics } from './diagnostics.js';
import { createTransport } from './transport.js';

export function setUp(options: Partial<DeliveryOptions> = {}) {
  const transport = createTransport();
  const diagnostics = silentDiagnostics();
  const delivery = new Delivery({
    options: { ...DEFAULT_OPTIONS, ...options },
    ...{ transport, diagnostics },
    lines: diagnostics.lines,
  });
  return { delivery, transport };
}

export function pending(): Hit {
  const startSeconds = Date.now() / 1000;
  return { site: 1, client: 'c', visitor: 'v', startSeconds, kind: 'action', query: '?h=1' };
}
