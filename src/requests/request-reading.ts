import { type Diagnostics, show } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import {
  createToSentAttribute,
  type SentAttributeOptions,
} from '../hit/parameters/sent-attribute.js';
import { PERF_KEYS } from '../hit/parameters/tracking-parameters.js';
import { createToOrigin, type OriginOptions } from '../hit/visitor/origin.js';
import type { HeaderReading } from './read-request.js';
import { userIdAttributeOf } from './read-user-id.js';
import type { SpanReading } from './request-record.js';

/** How requests are read from spans and from Node's requests, according to the options. */
export interface RequestReading extends SpanReading, HeaderReading {}

export function createRequestReading(
  options: OriginOptions &
    SentAttributeOptions & {
      readonly userId?: unknown;
      readonly errors: 'off' | 'type' | 'crash';
      readonly capturedHeaders?: readonly string[];
      readonly downloads?: 'documents' | 'off';
    },
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): RequestReading {
  return {
    toOrigin: createToOrigin(options),
    capturedHeaders: new Set(options.capturedHeaders),
    knowsDocuments: options.downloads === 'documents',
    userIdAttribute: userIdAttributeOf(options.userId),
    toUserId: createToSentAttribute(options),
    errors: options.errors !== 'off',
    reportPerfKey: (value) =>
      diagnostics.warnOnce('perf_key', () =>
        coded(
          'parameter-invalid',
          `A span has matomo.perf_key ${show(value)}, which is invalid. It is ignored. Use one of ${PERF_KEYS.join(', ')}.`,
        ),
      ),
  };
}
