import type { Diagnostics } from '../diagnostics.js';
import { type MatomoSpanProcessor, PROCESSOR_BRAND } from '../span-processor.js';

/**
 * Every private field of an SDK that is touched, all of them here. Checked on SDK 2.0, 2.12 and 3.1; in 1.30 the
 * provider's field is public and called `activeSpanProcessor`.
 */
interface Provider {
  readonly _activeSpanProcessor?: MultiSpanProcessor;
  readonly activeSpanProcessor?: MultiSpanProcessor;
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
  return [processor];
}
