import { describeError } from '../common/describe-error.js';
import { TRACKER_KEY } from '../common/foreign-objects.js';
import { otelGlobal } from '../common/otel-global.js';
import type { Context, Span } from '../common/otel-types.js';
import type { FinishedSpan } from '../request/finished-span.js';

/** Receives the spans of tracer providers. Its methods never throw or reject. */
export interface SpanListener {
  onStart(span: Span, parentContext: Context): void;
  onEnd(span: FinishedSpan): void;
  forceFlush(): Promise<void>;
}

interface SpanProcessor extends SpanListener {
  shutdown(): Promise<void>;
}

/** Private fields of an SDK that contain span processors, verified in the sources of SDK 1.30, 2.0, 2.12 and 3.1. */
interface Provider {
  /** The field of SDK 2 and 3. */
  readonly _activeSpanProcessor?: { _spanProcessors?: unknown };
  /** The fields of SDK 1. The list exists if the provider was created with processors. */
  readonly activeSpanProcessor?: { readonly _spanProcessors?: unknown };
  readonly _registeredSpanProcessors?: unknown;
}

/** The API's object under `trace`, which delegates to the provider of an SDK. Verified with `@opentelemetry/api` 1.9.0, 1.9.1 and 1.10.0. */
interface ProxyTracerProvider {
  getDelegate?(): object;
}

/**
 * Adds a span processor to the tracer provider that is registered with any copy of OpenTelemetry's API, and again if another provider is
 * registered later. Providers keep the processor, so it must survive the tracker.
 */
export class ProviderWatch {
  readonly #processor: SpanProcessor;
  readonly #report: (problem: string) => void;
  #provider: object | undefined;

  /** @param report gets the reason why a span processor cannot be added to a provider */
  constructor(listener: SpanListener, report: (problem: string) => void) {
    this.#processor = new MatomoSpanProcessor(listener);
    this.#report = report;
  }

  /** Looks for a new provider. Called for each request, so it returns early if nothing has changed. */
  look(): void {
    try {
      const proxy = otelGlobal()?.trace as ProxyTracerProvider | undefined;
      const provider = proxy?.getDelegate?.() ?? proxy;
      if (provider === this.#provider) return;
      this.#provider = provider;
      if (!provider || isOfApi(provider, proxy) || addTo(provider, this.#processor)) return;
      this.#report(`${provider.constructor?.name} takes none`);
    } catch (error) {
      this.#report(describeError(error));
    }
  }
}

/** Whether a provider is the one that the API has without an SDK. Its class name is not reliable, because bundlers rename classes. */
function isOfApi(provider: object, proxy: ProxyTracerProvider | undefined): boolean {
  if (proxy?.getDelegate === undefined || proxy.constructor === Object) return false;
  const Type = proxy.constructor as new () => ProxyTracerProvider;
  return new Type().getDelegate?.() === provider;
}

/** Appends a processor to those of a provider unless it already has one of this package. Returns false if the provider cannot have processors. */
function addTo(provider: Provider, processor: SpanProcessor): boolean {
  const { _activeSpanProcessor: active, activeSpanProcessor, _registeredSpanProcessors } = provider;
  const list = (active ?? activeSpanProcessor)?._spanProcessors;
  if (!Array.isArray(list)) return false;
  if (list.some((each) => each !== null && typeof each === 'object' && TRACKER_KEY in each))
    return true;
  // The list is replaced, because the application may have passed the old one.
  if (active) active._spanProcessors = [...list, processor];
  else if (list === _registeredSpanProcessors) list.push(processor);
  else return false;
  return true;
}

/** Passes spans on. SDKs show the name of this class in logs. */
class MatomoSpanProcessor implements SpanProcessor {
  readonly #listener: SpanListener;

  constructor(listener: SpanListener) {
    this.#listener = listener;
    Object.defineProperty(this, TRACKER_KEY, { value: true });
  }

  onStart(span: Span, parentContext: Context): void {
    this.#listener.onStart(span, parentContext);
  }

  onEnd(span: FinishedSpan): void {
    this.#listener.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.#listener.forceFlush();
  }

  /** Only flushes. The tracker keeps running, because the application may continue with another provider. */
  shutdown(): Promise<void> {
    return this.#listener.forceFlush();
  }
}
