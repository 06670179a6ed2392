import type { AttributeValue } from '@opentelemetry/api';
import { show } from '../diagnostics.js';
import { PERF_KEYS } from '../hit/tracking-parameters.js';

/** Says once that a span's perf key is none that Matomo has. */
export function reportPerfKeyTo(diagnostics: {
  warnOnce(key: string, message: string): void;
}): (value: AttributeValue) => void {
  return (value) =>
    diagnostics.warnOnce(
      'perf_key',
      `a span has matomo.perf_key ${show(value)}; there are ${PERF_KEYS.join(', ')}`,
    );
}
