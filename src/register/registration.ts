import { PROCESSOR_BRAND } from '../common/processor-brand.js';
import { addProcessor, ownProcessors, type SpanProcessor } from './attach.js';
import { enableExitFlush, installExitHandlers } from './exit.js';
import type { LazyProcessor } from './lazy-processor.js';

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
    const isAtWork = (processor as unknown as Record<symbol, boolean>)[PROCESSOR_BRAND];
    if (!isAtWork) return;
    if (this.#flushed.size === 0) installExitHandlers(this.#flushed);
    // First: it collects what worker threads have, also for processors of the application.
    this.#flushed.add(this.processor);
    this.#flushed.add(processor);
    enableExitFlush(processor);
  }

  /** Replays past events and passes on later ones. */
  follow(events: RegistrationEvents): void {
    this.#events = events;
    for (const [event, value] of this.#log.splice(0)) events[event](value);
  }

  #emit(event: keyof RegistrationEvents, value: object): void {
    if (this.#events) this.#events[event](value);
    else this.#log.push([event, value]);
  }
}
