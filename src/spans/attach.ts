import { describeError } from '../common/describe-error.js';
import { TRACKER_KEY } from '../common/foreign-objects.js';
import { otelGlobal } from '../common/otel-global.js';
import type { Context, Span } from '../common/otel-types.js';
import type { FinishedSpan } from '../request/finished-span.js';

/** Receives the spans of tracer providers. Nothing here throws or rejects. */
export interface SpanListener {
  onStart(span: Span, parentContext: Context): void;
  onEnd(span: FinishedSpan): void;
  forceFlush(): Promise<void>;
}

interface SpanProcessor extends SpanListener {
  shutdown(): Promise<void>;
}

/** Private fields of an SDK that hold span processors. Checked in the sources of SDK 1.30, 2.0, 2.12 and 3.1. */
interface Provider {
  /** The field of SDK 2 and 3. */
  readonly _activeSpanProcessor?: { _spanProcessors?: unknown };
  /** The fields of SDK 1: the list is there if the provider was made with processors. */
  readonly activeSpanProcessor?: { readonly _spanProcessors?: unknown };
  readonly _registeredSpanProcessors?: unknown;
}

/** The API's object under `trace`, which delegates to the provider of an SDK. Checked on `@opentelemetry/api` 1.9.0, 1.9.1 and 1.10.0. */
interface ProxyTracerProvider {
  getDelegate?(): object;
}

/**
 * Adds a span processor to the tracer provider that is registered with OpenTelemetry's API, whichever copy of the API that is, and again if
 * another one is registered later. Providers keep it, so it must not end with the tracker.
 */
export class ProviderWatch {
  readonly #processor: SpanProcessor;
  readonly #report: (problem: string) => void;
  #provider: object | undefined;

  /** @param report gets why a provider takes no span processor */
  constructor(listener: SpanListener, report: (problem: string) => void) {
    this.#processor = new MatomoSpanProcessor(listener);
    this.#report = report;
  }

  /** Called for each request, so it returns early if nothing has changed. */
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

/** Whether it is the provider that the API has without an SDK. Its class name is not reliable, because bundlers rename classes. */
function isOfApi(provider: object, proxy: ProxyTracerProvider | undefined): boolean {
  if (proxy?.getDelegate === undefined || proxy.constructor === Object) return false;
  const Type = proxy.constructor as new () => ProxyTracerProvider;
  return new Type().getDelegate?.() === provider;
}

/** Adds a processor after those that a provider has, unless one of this package is among them. Returns whether it takes any. */
function addTo(provider: Provider, processor: SpanProcessor): boolean {
  const { _activeSpanProcessor: active, activeSpanProcessor, _registeredSpanProcessors } = provider;
  const list = (active ?? activeSpanProcessor)?._spanProcessors;
  if (!Array.isArray(list)) return false;
  if (list.some((each) => each !== null && typeof each === 'object' && TRACKER_KEY in each))
    return true;
  // A new list, because the application may have passed the old one.
  if (active) active._spanProcessors = [...list, processor];
  else if (list === _registeredSpanProcessors) list.push(processor);
  else return false;
  return true;
}

/** Passes spans on. SDKs show and log the name of the class. */
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

  /** Does not shut the tracker down, because the application may go on with another provider. */
  shutdown(): Promise<void> {
    return this.#listener.forceFlush();
  }
}
