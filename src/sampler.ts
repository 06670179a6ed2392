import { show } from './common/diagnostics.js';
import { isRecord } from './common/is-record.js';
import { spanOf } from './common/otel-global.js';
import type { Attributes, Context, Link, TraceState } from './common/otel-types.js';
import { optionError, showValue } from './options/parser.js';
import { SERVER_SPAN } from './requests/finished-span.js';
import { PERF_KEY_ATTRIBUTE } from './requests/matomo-attributes.js';

/** A sampler of OpenTelemetry SDK 1.30, 2.x or 3.x, described structurally. */
export interface Sampler {
  /** Decides about a span before it starts. */
  shouldSample(
    context: Context,
    traceId: string,
    spanName: string,
    spanKind: number,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult;
  /** Describes the sampler in logs. */
  toString(): string;
}

/** `SamplingResult` of OpenTelemetry's SDKs. */
export interface SamplingResult {
  /** 0: the span is not recorded; 1: it is recorded and not exported; 2: both. */
  decision: number;
  /** Attributes to add to the span. */
  attributes?: Readonly<Attributes>;
  /** Trace state for the span's context. */
  traceState?: TraceState;
}

let isUsed = false;

/** Whether this copy of the package has wrapped a sampler: `register` does, too. */
export function recordsServerSpans(): boolean {
  return isUsed;
}

const NOT_RECORD = 0; // SamplingDecision.NOT_RECORD
const RECORD = 1; // SamplingDecision.RECORD

/**
 * Wraps a sampler so that every request makes a hit, even if its spans are not sampled: server spans that `sampler` drops are recorded
 * but not exported, and the propagated `traceparent` stays unsampled.
 *
 * `children` selects which child spans of such a server span are recorded too: `keys` those that have `matomo.perf_key` when they
 * start, `all` every one, so that `matomo.*` attributes work on them.
 *
 * @param sampler - The sampler that decides which spans are exported.
 * @param options - `children` is `keys` by default.
 * @returns A sampler for the SDK.
 * @throws {@link OptionError}, a `TypeError`, if `sampler` is not a sampler of an OpenTelemetry SDK, or `children` is invalid.
 * @example
 * new NodeSDK({ sampler: recordServerSpans(new TraceIdRatioBasedSampler(0.1)), spanProcessors: [new MatomoSpanProcessor()] });
 */
export function recordServerSpans(
  sampler: Sampler,
  options: { readonly children?: 'keys' | 'all' | undefined } = {},
): Sampler {
  if (typeof sampler?.shouldSample !== 'function') {
    throw optionError('recordServerSpans needs a sampler of an OpenTelemetry SDK');
  }
  const children = childrenOf(options);
  isUsed = true;
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

function childrenOf(options: unknown): 'keys' | 'all' {
  if (!isRecord(options)) {
    throw optionError(`options of recordServerSpans must be an object, got ${showValue(options)}`);
  }
  const unknown = Object.keys(options).find((name) => name !== 'children');
  if (unknown !== undefined) {
    throw optionError(
      `unknown option ${show(unknown)} of recordServerSpans: there is only children`,
    );
  }
  const { children = 'keys' } = options;
  if (children === 'keys' || children === 'all') return children;
  throw optionError(`children must be one of "keys", "all", got ${showValue(children)}`);
}

function isBelowRecorded(context: Context): boolean {
  const parent = spanOf(context);
  return parent?.isRecording() === true && !parent.spanContext().isRemote;
}
