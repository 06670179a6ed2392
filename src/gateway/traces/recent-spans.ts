/** Spans in a generation: of 20,000 requests a second, those of the last five seconds at least. */
const MAX_SPANS = 100_000;

/**
 * Remembers spans that made hits, in two generations: a sender that gets no response sends an export again, and its hits must not
 * be counted twice. Spans of two traces hardly ever have the same ID; if they do, the latter is remembered.
 */
export class RecentSpans {
  /** Keys of traces by the IDs of spans. Texts that are joined for each span would cost a twentieth of it. */
  #recent = new Map<string, string>();
  #older = new Map<string, string>();

  /** Whether a span of a trace is known. It stays known. */
  has(traceKey: string, spanId: string): boolean {
    if (this.#recent.get(spanId) === traceKey) return true;
    if (this.#older.get(spanId) !== traceKey) return false;
    this.add(traceKey, spanId);
    return true;
  }

  add(traceKey: string, spanId: string): void {
    if (this.#recent.size >= MAX_SPANS) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(spanId, traceKey);
  }
}
