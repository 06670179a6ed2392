import type { Context, Span } from '../common/otel-types.js';
import type { FinishedSpan } from '../requests/finished-span.js';
import { exposeInternals, internalsOf } from '../requests/processor-internals.js';
import type { MatomoSpanProcessor } from '../span-processor.js';

/** The part of a processor that `register` uses, so that the one of a worker thread fits too. */
export type Processor = Pick<
  MatomoSpanProcessor,
  'onStart' | 'onEnd' | 'forceFlush' | 'shutdown'
> & {
  stats(): { readonly hits: number; readonly ignored: Readonly<Record<string, number>> };
};

const SERVER = 1; // SpanKind.SERVER

/**
 * A placeholder in a provider's list for the real processor, which is created when the process serves: the environment
 * and most of the code are not needed before.
 */
export class LazyProcessor {
  /** `undefined` until the process serves, and if the environment does not allow tracking. */
  real: Processor | undefined;
  /** Collects the requests of other threads before hits are flushed; at the end of the process, also those with open responses. */
  collect: (isLast: boolean) => void = () => undefined;
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
    this.collect(false);
    await this.real?.forceFlush();
  }

  async shutdown(): Promise<void> {
    this.collect(true);
    await this.real?.shutdown();
  }
}
