/** Spans in a generation: of 20,000 requests a second, those of the last five seconds at least. */
const MAX_SPANS = 100_000;

/**
 * Remembers spans that made hits, in two generations: a sender that gets no response sends an export again, and its hits must not
 * be counted twice.
 */
export class RecentSpans {
  #recent = new Generation();
  #older = new Generation();

  /** Remembers a span of a trace. Whether it was known. */
  add(traceKey: string, spanId: string): boolean {
    if (this.#recent.has(traceKey, spanId)) return true;
    const isKnown = this.#older.has(traceKey, spanId);
    if (this.#recent.size >= MAX_SPANS) {
      this.#older = this.#recent;
      this.#recent = new Generation();
    }
    this.#recent.add(traceKey, spanId);
    return isKnown;
  }
}

/** By the ID of the span, which is random, the trace or traces. To join both IDs for a key would take a tenth of the time of a span. */
class Generation {
  readonly #traces = new Map<string, string | Set<string>>();
  size = 0;

  has(traceKey: string, spanId: string): boolean {
    const traces = this.#traces.get(spanId);
    return traces === traceKey || (traces instanceof Set && traces.has(traceKey));
  }

  /** Adds what it does not have. */
  add(traceKey: string, spanId: string): void {
    this.size += 1;
    const traces = this.#traces.get(spanId);
    if (traces instanceof Set) traces.add(traceKey);
    else this.#traces.set(spanId, traces === undefined ? traceKey : new Set([traces, traceKey]));
  }
}
