import type { Server } from 'node:net';
import type { Context, Span } from '../common/otel-types.js';
import type { FinishedSpan } from '../requests/finished-span.js';
import { exposeInternals, hasInternals, internalsOf } from '../requests/processor-internals.js';
import type { MatomoSpanProcessor } from '../span-processor.js';
import { currentProvider } from './watch-providers.js';

/** Events of tracer providers. */
export interface RegistrationEvents {
  /** The processor is in the list of a provider. */
  attached(provider: object): void;
  /** The processor was missing in the list of the provider, and was added again. */
  restored(provider: object): void;
  /** The provider takes no span processors. */
  foreign(provider: object): void;
  /** The application has added a processor of this package to the provider. */
  standDown(provider: object): void;
  failed(error: unknown): void;
}

/** Adds the processor to tracer providers, from the start of the process. Prints nothing and reads no environment. */
export class Registration {
  readonly processor: LazyProcessor;
  #events: RegistrationEvents | undefined;
  /** Those before anything listened to events. */
  #providers: object[] = [];
  readonly #joined = new WeakSet<object>();
  /** Processors of this package in the application's own setup. */
  ownProcessors: readonly SpanProcessor[] = [];

  constructor(processor: LazyProcessor) {
    this.processor = processor;
  }

  /**
   * Joins a tracer provider, unless the application has done so itself. `isChecked`: only if its list of processors was replaced since,
   * or if it is another provider.
   */
  addProvider(provider: object, isChecked = false): void {
    if (!this.#events) this.#providers.push(provider);
    try {
      const own = ownProcessors(provider);
      const isJoined = own?.includes(this.processor) ?? false;
      if (isChecked && (!own || isJoined)) return;
      if (!own) {
        this.#events?.foreign(provider);
      } else if (own.length > 0 && !isJoined) {
        this.ownProcessors = own;
        for (const processor of own) internalsOf(processor)?.flushAtEnd();
        this.#events?.standDown(provider);
      } else {
        if (!isJoined) addProcessor(this.processor, provider);
        if (!isJoined && this.#joined.has(provider)) this.#events?.restored(provider);
        this.#joined.add(provider);
        this.#events?.attached(provider);
      }
    } catch (error) {
      this.#events?.failed(error);
    }
  }

  /** What tracks now: the processors of the application or, without those, the own one. */
  get trackers(): readonly SpanProcessor[] {
    if (this.ownProcessors.length > 0) return this.ownProcessors;
    const { real } = this.processor;
    return real ? [real] : [];
  }

  async forceFlush(): Promise<void> {
    await Promise.all(this.trackers.map((processor) => processor.forceFlush()));
  }

  /** Nothing tracks any more. Providers keep the processor, which does nothing. */
  reset(): void {
    this.#events = undefined;
    this.#providers = [];
    this.ownProcessors = [];
  }

  /** Prepares to track again, with the provider of the application if it still has one. */
  begin(): void {
    this.reset();
    this.processor.arm();
    const provider = currentProvider();
    if (provider) this.addProvider(provider);
  }

  /** Passes on events, also those of providers that were added before. */
  listen(events: RegistrationEvents): void {
    this.#events = events;
    for (const provider of this.#providers.splice(0)) this.addProvider(provider);
  }
}

const SERVER = 1; // SpanKind.SERVER

/**
 * A placeholder in a provider's list for the real processor, which is created when the process serves: the environment
 * and most of the code are not needed before.
 */
export class LazyProcessor {
  /** SDKs show and log the class of each processor. */
  static readonly name = 'MatomoSpanProcessor';
  /** `undefined` until the process serves, and if the environment does not allow tracking. */
  real: MatomoSpanProcessor | undefined;
  readonly #onServerSpan: () => void;
  #isArmed = true;

  constructor(onServerSpan: () => void) {
    this.#onServerSpan = onServerSpan;
    exposeInternals(this, () => this.real && internalsOf(this.real));
  }

  /** The next SERVER span starts tracking, as the first one does. */
  arm(): void {
    this.#isArmed = true;
  }

  onStart(span: Span, parentContext: Context): void {
    if (this.#isArmed && (span as Partial<FinishedSpan>).kind === SERVER) {
      this.#isArmed = false;
      this.#onServerSpan();
    }
    this.real?.onStart(span, parentContext);
  }

  onEnd(span: FinishedSpan): void {
    this.real?.onEnd(span);
  }

  async forceFlush(): Promise<void> {
    await this.real?.forceFlush();
  }

  async shutdown(): Promise<void> {
    await this.real?.shutdown();
  }
}

/** The part of `register` that is loaded when the process serves. Nothing here throws. */
export interface Serving {
  /** Called for each connection to an HTTP server. */
  onConnection(server: Server): void;
  /** Called with a request that was announced before this was loaded. */
  onFirstRequest(message: unknown): void;
  /** Sends what is pending and stops tracking. A processor of the application is only flushed: its SDK shuts it down. */
  stop(): Promise<void>;
}

/** Used if the process is not tracked. */
export const NOT_SERVING: Serving = {
  onConnection: () => undefined,
  onFirstRequest: () => undefined,
  stop: () => Promise.resolve(),
};

/** Private fields of an SDK that hold processors. Checked in the sources of SDK 1.30, 2.0, 2.12 and 3.1. */
export interface Provider {
  /** SDK 2 and 3. */
  readonly _activeSpanProcessor?: ActiveSpanProcessor;
  /** SDK 1. */
  readonly activeSpanProcessor?: ActiveSpanProcessor;
  /** SDK 1: the processors that `forceFlush` calls, and the array of its MultiSpanProcessor. */
  readonly _registeredSpanProcessors?: SpanProcessor[];
}

interface ActiveSpanProcessor {
  /** Only in a MultiSpanProcessor, which SDK 1 has only if it has processors. */
  _spanProcessors?: SpanProcessor[];
}

export type SpanProcessor = Pick<LazyProcessor, 'onStart' | 'onEnd' | 'forceFlush' | 'shutdown'>;

/** The processors of this package in a provider; `undefined` if it has no list of processors. */
function ownProcessors(provider: Provider): SpanProcessor[] | undefined {
  const { _activeSpanProcessor, activeSpanProcessor } = provider;
  const processors = (_activeSpanProcessor ?? activeSpanProcessor)?._spanProcessors;
  return Array.isArray(processors) ? processors.filter(hasInternals) : undefined;
}

/** Adds a processor after those that a provider has. */
function addProcessor(processor: SpanProcessor, provider: Provider): void {
  const { _activeSpanProcessor, _registeredSpanProcessors } = provider;
  if (_activeSpanProcessor) {
    // A new array, because the application may have passed the old one.
    _activeSpanProcessor._spanProcessors = [
      ...(_activeSpanProcessor._spanProcessors ?? []),
      processor,
    ];
  } else {
    _registeredSpanProcessors?.push(processor);
  }
}
