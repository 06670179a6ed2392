import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import type { RecordOption } from '../options/resolved-options.js';
import { recordServerSpans, type Sampler } from '../sampler.js';
import { type MatomoSpanProcessor, PROCESSOR_BRAND } from '../span-processor.js';

/** Every private field of an SDK that is touched, all of them here. Checked in the sources of SDK 1.30, 2.0, 2.12 and 3.1. */
interface Provider {
  /** SDK 2 and 3. */
  readonly _activeSpanProcessor?: ActiveSpanProcessor;
  /** SDK 1: asked for with every span. */
  activeSpanProcessor?: ActiveSpanProcessor;
  /** SDK 1: what `forceFlush` goes through, and the very list of a MultiSpanProcessor; empty where there is none. */
  readonly _registeredSpanProcessors?: SpanProcessor[];
  /** Where tracers that are made later take the sampler from: SDK 2.9 and later, SDK 1 to 2.8. */
  readonly _tracerOptions?: { sampler?: Sampler };
  readonly _config?: { sampler?: Sampler };
  readonly _tracers?: ReadonlyMap<string, { _sampler?: Sampler }>;
}

interface ActiveSpanProcessor extends SpanProcessor {
  /** Of a MultiSpanProcessor. */
  _spanProcessors?: SpanProcessor[];
}

type SpanProcessor = Pick<MatomoSpanProcessor, 'onStart' | 'onEnd' | 'forceFlush' | 'shutdown'>;

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
  const processors = processorsOf(provider);
  if (!processors) {
    diagnostics.warn(
      coded(
        'not-attached',
        `cannot attach to the tracer provider ${provider.constructor?.name}, which is not of the OpenTelemetry SDK: ` +
          'nothing is tracked. Add `new MatomoSpanProcessor()` to the span processors of your tracing set-up instead',
      ),
    );
    return [];
  }
  const ours = ownProcessors(provider);
  if (ours.length > 0) return ours;
  add(processor, provider);
  recordRequests(provider, record, diagnostics);
  return [processor];
}

/** The processors of this package that a provider has. */
export function ownProcessors(provider: object): MatomoSpanProcessor[] {
  const processors = processorsOf(provider) ?? [];
  return processors.filter((other) => PROCESSOR_BRAND in other) as MatomoSpanProcessor[];
}

/** `undefined` where a provider is not of the SDK. */
function processorsOf(provider: Provider): SpanProcessor[] | undefined {
  const { _activeSpanProcessor, activeSpanProcessor, _registeredSpanProcessors } = provider;
  const processors = (_activeSpanProcessor ?? activeSpanProcessor)?._spanProcessors;
  if (Array.isArray(processors)) return processors;
  return activeSpanProcessor && Array.isArray(_registeredSpanProcessors) ? [] : undefined;
}

function add(processor: MatomoSpanProcessor, provider: Provider): void {
  const { _activeSpanProcessor, activeSpanProcessor, _registeredSpanProcessors } = provider;
  if (_activeSpanProcessor) {
    // A new list: the old one may be the very array that the application passed.
    _activeSpanProcessor._spanProcessors = [
      ...(_activeSpanProcessor._spanProcessors ?? []),
      processor,
    ];
  } else if (activeSpanProcessor?._spanProcessors) {
    _registeredSpanProcessors?.push(processor);
  } else if (activeSpanProcessor) {
    // Not `addSpanProcessor`, which would shut the exporter down that SDK 1 makes from the environment.
    const both = [activeSpanProcessor, processor];
    _registeredSpanProcessors?.push(...both);
    provider.activeSpanProcessor = createMultiSpanProcessor(both);
  }
}

function createMultiSpanProcessor(processors: SpanProcessor[]): ActiveSpanProcessor {
  const endAll = async (end: (processor: SpanProcessor) => Promise<void>) => {
    await Promise.all(processors.map(end));
  };
  return {
    _spanProcessors: processors,
    onStart(span, context) {
      for (const processor of processors) processor.onStart(span, context);
    },
    onEnd(span) {
      for (const processor of processors) processor.onEnd(span);
    },
    forceFlush: () => endAll((processor) => processor.forceFlush()),
    shutdown: () => endAll((processor) => processor.shutdown()),
  };
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
      coded(
        'sampler-not-reached',
        `cannot reach the sampler of ${provider.constructor?.name}: requests that it leaves out make no hit. ` +
          'Wrap it with `recordServerSpans(sampler)` in your tracing set-up instead',
      ),
    );
    return;
  }
  const sampler = recordServerSpans(place.sampler, { children: record === 'all' ? 'all' : 'keys' });
  place.sampler = sampler;
  for (const tracer of _tracers?.values() ?? []) {
    if (tracer._sampler) tracer._sampler = sampler;
  }
}
