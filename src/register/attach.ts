import type { Diagnostics } from '../diagnostics.js';
import type { RecordOption } from '../options/resolved-options.js';
import { recordServerSpans, type Sampler } from '../sampler.js';
import { type MatomoSpanProcessor, PROCESSOR_BRAND } from '../span-processor.js';

/**
 * Every private field of an SDK that is touched, all of them here. Checked on SDK 2.0, 2.12 and 3.1; in 1.30 the
 * provider's field is public and called `activeSpanProcessor`.
 */
interface Provider {
  readonly _activeSpanProcessor?: MultiSpanProcessor;
  readonly activeSpanProcessor?: MultiSpanProcessor;
  /** Where tracers that are made later take the sampler from: SDK 2.9 and later, SDK 1 to 2.8. */
  readonly _tracerOptions?: { sampler?: Sampler };
  readonly _config?: { sampler?: Sampler };
  readonly _tracers?: ReadonlyMap<string, { _sampler?: Sampler }>;
}

interface MultiSpanProcessor {
  _spanProcessors?: object[];
}

/**
 * Adds the processor behind those that a provider has, and returns the ones of this package that it has then: where
 * the application has set up some in its code, those, because a second one would count every request twice. None
 * where the provider is not of the OpenTelemetry SDK; what to do then is said.
 */
export function attach(
  processor: MatomoSpanProcessor,
  provider: object,
  record: RecordOption,
  diagnostics: Diagnostics,
): MatomoSpanProcessor[] {
  const { _activeSpanProcessor, activeSpanProcessor } = provider as Provider;
  const multi = _activeSpanProcessor ?? activeSpanProcessor;
  const processors = multi?._spanProcessors;
  if (!multi || !Array.isArray(processors)) {
    diagnostics.warn(
      `cannot attach to the tracer provider ${provider.constructor?.name}, which is not of the OpenTelemetry SDK: ` +
        'nothing is tracked. Add `new MatomoSpanProcessor()` to the span processors of your tracing set-up instead',
    );
    return [];
  }
  const ours = processors.filter((other) => PROCESSOR_BRAND in other) as MatomoSpanProcessor[];
  if (ours.length > 0) return ours;
  // A new list: the old one may be the very array that the application passed.
  multi._spanProcessors = [...processors, processor];
  recordRequests(provider, record, diagnostics);
  return [processor];
}

/**
 * Has a provider record all server spans, also those that its sampler drops. What it exports, and what it tells the
 * services that it calls, stays as it was.
 */
function recordRequests(provider: object, record: RecordOption, diagnostics: Diagnostics): void {
  if (record === 'sampled') return;
  const { _tracerOptions, _config, _tracers } = provider as Provider;
  const place = _tracerOptions?.sampler ? _tracerOptions : _config;
  if (!place?.sampler) {
    diagnostics.warn(
      `cannot reach the sampler of ${provider.constructor?.name}: requests that it leaves out make no hit. ` +
        'Wrap it with `recordServerSpans(sampler)` in your tracing set-up instead',
    );
    return;
  }
  const sampler = recordServerSpans(place.sampler, { children: record === 'all' ? 'all' : 'keys' });
  place.sampler = sampler;
  for (const tracer of _tracers?.values() ?? []) {
    if (tracer._sampler) tracer._sampler = sampler;
  }
}
