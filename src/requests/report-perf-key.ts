import type { AttributeValue } from '@opentelemetry/api';
import { PERF_KEYS } from '../hit/tracking-parameters.js';

/** Says once that a span's perf key is none that Matomo has. */
export function reportPerfKeyTo(diagnostics: {
  warnOnce(key: string, message: string): void;
}): (value: AttributeValue) => void {
  return (value) =>
    diagnostics.warnOnce(
      'perf_key',
      `a span has matomo.perf_key ${JSON.stringify(value)?.slice(0, 100)}; there are ${PERF_KEYS.join(', ')}`,
    );
}
