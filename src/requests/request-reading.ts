import { type Diagnostics, show } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import {
  createToOrigin,
  type Origin,
  type OriginClaims,
  type OriginOptions,
} from '../hit/origin.js';
import { PERF_KEYS } from '../hit/parameter-names.js';
import type { SpanReading } from './request-record.js';

/** How requests are read from spans and from Node's requests, according to the options. */
export interface RequestReading extends SpanReading {
  readonly toOrigin: (claims: OriginClaims) => Origin;
}

export function createRequestReading(
  options: OriginOptions & { readonly userId?: unknown; readonly errors: 'off' | 'type' | 'crash' },
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): RequestReading {
  return {
    toOrigin: createToOrigin(options),
    userIdAttribute: typeof options.userId === 'string' ? options.userId : undefined,
    errors: options.errors !== 'off',
    reportPerfKey: (value) =>
      diagnostics.warnOnce('perf_key', () =>
        coded(
          'parameter-refused',
          `A span has matomo.perf_key ${show(value)}, which is invalid. It is ignored. Use one of ${PERF_KEYS.join(', ')}.`,
        ),
      ),
  };
}
