/** Spans in a generation: of 20,000 requests a second, those of the last five seconds at least. */
const MAX_SPANS = 100_000;

/** Keys of traces by the IDs of spans; of spans with the same ID in several traces, by both. */
type Spans = Map<string, string>;

/**
 * Remembers spans that made hits, in two generations: a sender that gets no response sends an export again, and its hits must not
 * be counted twice.
 */
export class RecentSpans {
  #recent: Spans = new Map();
  #older: Spans = new Map();

  /** Whether a span of a trace is known. It stays known. */
  has(traceKey: string, spanId: string): boolean {
    if (isIn(this.#recent, traceKey, spanId)) return true;
    if (!isIn(this.#older, traceKey, spanId)) return false;
    this.add(traceKey, spanId);
    return true;
  }

  add(traceKey: string, spanId: string): void {
    if (this.#recent.size >= MAX_SPANS) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    // To join texts for each span would take a twentieth of its time.
    const isTaken = this.#recent.has(spanId);
    this.#recent.set(isTaken ? traceKey + spanId : spanId, traceKey);
  }
}

function isIn(spans: Spans, traceKey: string, spanId: string): boolean {
  const known = spans.get(spanId);
  return known === traceKey || (known !== undefined && spans.has(traceKey + spanId));
}
