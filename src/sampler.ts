import type { Attributes, Context, Link, SpanKind, TraceState } from '@opentelemetry/api';
import { spanOf } from './common/otel-global.js';
import { wrongOption } from './options/wrong-option.js';
import { PERF_KEY_ATTRIBUTE } from './requests/request-record.js';
import { SERVER_SPAN } from './requests/span-kind.js';

/** A sampler of OpenTelemetry SDK 1.30, 2.x or 3.x, described structurally. */
export interface Sampler {
  shouldSample(
    context: Context,
    traceId: string,
    spanName: string,
    spanKind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult;
  toString(): string;
}

/** `SamplingResult` of the SDKs; `decision` is 0 for a span that is not recorded, 1 for one that is and not exported. */
export interface SamplingResult {
  decision: number;
  attributes?: Readonly<Attributes>;
  traceState?: TraceState;
}

const NOT_RECORD = 0; // SamplingDecision.NOT_RECORD
const RECORD = 1; // SamplingDecision.RECORD

/**
 * Lets every request make a hit, whatever is sampled: a server span that `sampler` drops is recorded all the same, and not
 * exported, and the `traceparent` that goes on stays unsampled.
 *
 * `children` says which spans below such a server span are recorded as well: `keys`, the default, those that have a
 * `matomo.perf_key` from their creation; `all`, every one, so that `matomo.*` attributes work on them too.
 *
 * @example
 * new NodeSDK({ sampler: recordServerSpans(new TraceIdRatioBasedSampler(0.1)), spanProcessors: [new MatomoSpanProcessor()] });
 */
export function recordServerSpans(
  sampler: Sampler,
  { children = 'keys' }: { readonly children?: 'keys' | 'all' } = {},
): Sampler {
  if (typeof sampler?.shouldSample !== 'function') {
    throw wrongOption('recordServerSpans needs a sampler of an OpenTelemetry SDK');
  }
  return {
    shouldSample(context, traceId, spanName, spanKind, attributes, links) {
      const result = sampler.shouldSample(context, traceId, spanName, spanKind, attributes, links);
      if (result.decision !== NOT_RECORD) return result;
      const isWanted =
        spanKind === SERVER_SPAN ||
        attributes?.[PERF_KEY_ATTRIBUTE] !== undefined ||
        (children === 'all' && isBelowRecorded(context));
      return isWanted ? { ...result, decision: RECORD } : result;
    },
    toString: () => `RecordServerSpans{${sampler}}`,
  };
}

function isBelowRecorded(context: Context): boolean {
  const parent = spanOf(context);
  return parent?.isRecording() === true && !parent.spanContext().isRemote;
}
