import type { ThreadOptions } from '../requests/forwarded-request.js';
import { internalsOf } from '../requests/processor-internals.js';
import { addProcessor, ownProcessors, type SpanProcessor } from './attach.js';
import { enableExitFlush, installExitHandlers } from './exit.js';
import type { LazyProcessor } from './lazy-processor.js';
import { currentProvider } from './watch-providers.js';

/** Events of tracer providers. */
export interface RegistrationEvents {
  /** The processor is in the list of a provider. */
  attached(provider: object): void;
  /** The processor was missing in the list of the provider, and was added again. */
  restored(provider: object): void;
  /** The provider takes no span processors. */
  foreign(provider: object): void;
  /** The application has a processor of this package in its own setup. */
  standDown(): void;
  failed(error: unknown): void;
}

/** Adds the processor to tracer providers, from the start of the process. Prints nothing and reads no environment. */
export class Registration {
  readonly processor: LazyProcessor;
  /** Processors that are flushed at the end of the process. */
  readonly #flushed = new Set<SpanProcessor>();
  readonly #log: [event: keyof RegistrationEvents, value: object][] = [];
  #events: RegistrationEvents | undefined;
  /** Processors of this package in the application's own setup. */
  ownProcessors: readonly SpanProcessor[] = [];

  constructor(processor: LazyProcessor) {
    this.processor = processor;
  }

  /** Joins a tracer provider, unless the application has done so itself. */
  addProvider(provider: object): void {
    try {
      const own = ownProcessors(provider);
      if (!own) {
        this.#emit('foreign', provider);
      } else if (own.includes(this.processor)) {
        this.#emit('attached', provider);
      } else if (own.length > 0) {
        this.ownProcessors = own;
        for (const processor of own) this.flushAtExit(processor);
        this.#emit('standDown', provider);
      } else {
        addProcessor(this.processor, provider);
        this.#emit('attached', provider);
      }
    } catch (error) {
      this.#emit('failed', error as object);
    }
  }

  /** Adds the processor again if the provider's list of processors was replaced. */
  restore(provider: object): void {
    try {
      const own = ownProcessors(provider);
      if (!own || own.includes(this.processor)) return;
      if (own.length > 0) {
        this.addProvider(provider);
      } else {
        addProcessor(this.processor, provider);
        this.#emit('restored', provider);
      }
    } catch (error) {
      this.#emit('failed', error as object);
    }
  }

  flushAtExit(processor: SpanProcessor): void {
    if (!internalsOf(processor)) return;
    if (this.#flushed.size === 0) installExitHandlers(this.#flushed);
    // First: it collects what worker threads have, also for processors of the application.
    this.#flushed.add(this.processor);
    this.#flushed.add(processor);
    enableExitFlush(processor);
  }

  /** What tracks now: the processors of the application or, without those, the own one. */
  get trackers(): readonly SpanProcessor[] {
    if (this.ownProcessors.length > 0) return this.ownProcessors;
    const { real } = this.processor;
    return real ? [real] : [];
  }

  /** What worker threads need of the options; `undefined` if nothing tracks. */
  get threadOptions(): ThreadOptions | undefined {
    const [tracker] = this.trackers;
    return tracker && internalsOf(tracker)?.threadOptions;
  }

  async forceFlush(): Promise<void> {
    const own = this.ownProcessors;
    await this.processor.forceFlush(); // first, because it collects what worker threads have
    await Promise.all(own.map((processor) => processor.forceFlush()));
  }

  /** Nothing tracks any more. Providers keep the processor, which does nothing. */
  reset(): void {
    this.#events = undefined;
    this.#log.length = 0;
    this.ownProcessors = [];
  }

  /** Prepares to track again, with the provider of the application if it still has one. */
  begin(): void {
    this.reset();
    this.processor.arm();
    const provider = currentProvider();
    if (provider) this.addProvider(provider);
  }

  /** Replays past events and passes on later ones. */
  listen(events: RegistrationEvents): void {
    this.#events = events;
    for (const [event, value] of this.#log.splice(0)) events[event](value);
  }

  #emit(event: keyof RegistrationEvents, value: object): void {
    if (this.#events) this.#events[event](value);
    else this.#log.push([event, value]);
  }
}
