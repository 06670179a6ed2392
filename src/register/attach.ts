import type { Context, Span } from '../common/otel-types.js';
import type { FinishedSpan } from '../requests/finished-span.js';
import { hasInternals } from '../requests/processor-internals.js';
import type { LazyProcessor } from './registration.js';

/** Private fields of an SDK that hold processors. Checked in the sources of SDK 1.30, 2.0, 2.12 and 3.1. */
export interface Provider {
  /** SDK 2 and 3. */
  readonly _activeSpanProcessor?: ActiveSpanProcessor;
  /** SDK 1: read for every span. */
  activeSpanProcessor?: ActiveSpanProcessor;
  /** SDK 1: the processors that `forceFlush` calls, and the array of its MultiSpanProcessor if it has one. */
  readonly _registeredSpanProcessors?: SpanProcessor[];
}

interface ActiveSpanProcessor extends SpanProcessor {
  /** Only in a MultiSpanProcessor. */
  _spanProcessors?: SpanProcessor[];
}

export type SpanProcessor = Pick<LazyProcessor, 'onStart' | 'onEnd' | 'forceFlush' | 'shutdown'>;

/** The processors of this package in a provider; `undefined` if it is not a provider of the OpenTelemetry SDK. */
export function ownProcessors(provider: object): SpanProcessor[] | undefined {
  return processorsOf(provider)?.filter(hasInternals);
}

function processorsOf(provider: Provider): SpanProcessor[] | undefined {
  const { _activeSpanProcessor, activeSpanProcessor, _registeredSpanProcessors } = provider;
  const processors = (_activeSpanProcessor ?? activeSpanProcessor)?._spanProcessors;
  if (Array.isArray(processors)) return processors;
  return activeSpanProcessor && Array.isArray(_registeredSpanProcessors) ? [] : undefined;
}

/** Adds a processor after those that a provider has. */
export function addProcessor(processor: SpanProcessor, provider: Provider): void {
  const { _activeSpanProcessor, activeSpanProcessor, _registeredSpanProcessors } = provider;
  if (_activeSpanProcessor) {
    // A new array, because the application may have passed the old one.
    _activeSpanProcessor._spanProcessors = [
      ...(_activeSpanProcessor._spanProcessors ?? []),
      processor,
    ];
  } else if (activeSpanProcessor?._spanProcessors) {
    _registeredSpanProcessors?.push(processor);
  } else if (activeSpanProcessor) {
    // `addSpanProcessor` would shut down the exporter that SDK 1 creates from the environment.
    const both = [activeSpanProcessor, processor];
    _registeredSpanProcessors?.push(...both);
    provider.activeSpanProcessor = new MultiSpanProcessor(both);
  }
}

/** Has the name and the fields of the one in an SDK. */
class MultiSpanProcessor implements ActiveSpanProcessor {
  readonly _spanProcessors: SpanProcessor[];

  constructor(processors: SpanProcessor[]) {
    this._spanProcessors = processors;
  }

  onStart(span: Span, context: Context): void {
    for (const processor of this._spanProcessors) processor.onStart(span, context);
  }

  onEnd(span: FinishedSpan): void {
    for (const processor of this._spanProcessors) processor.onEnd(span);
  }

  async forceFlush(): Promise<void> {
    await Promise.all(this._spanProcessors.map((processor) => processor.forceFlush()));
  }

  async shutdown(): Promise<void> {
    await Promise.all(this._spanProcessors.map((processor) => processor.shutdown()));
  }
}
