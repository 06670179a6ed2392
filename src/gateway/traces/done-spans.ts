/** Of 20,000 requests a second, those of the last five seconds at least. */
const MAX_RECENT = 100_000;

/** IDs of spans by the key of their trace: one, or several in a `Set`. */
type SpanIds = Map<string, string | Set<string>>;

/**
 * The last spans that made hits: a sender that gets no response sends an export again, and they must not be counted twice. In two
 * generations, without a text for each span: joined keys would have to be made, and copied.
 */
export class DoneSpans {
  #recent: SpanIds = new Map();
  #older: SpanIds = new Map();
  #size = 0;

  has(traceKey: string, spanId: string): boolean {
    if (isIn(this.#recent, traceKey, spanId)) return true;
    const isOld = isIn(this.#older, traceKey, spanId);
    if (isOld) this.add(traceKey, spanId); // its sender may try again for long
    return isOld;
  }

  add(traceKey: string, spanId: string): void {
    if (this.#size === MAX_RECENT) {
      this.#older = this.#recent;
      this.#recent = new Map();
      this.#size = 0;
    }
    this.#size += 1;
    const others = this.#recent.get(traceKey);
    if (others === undefined) this.#recent.set(traceKey, spanId);
    else if (typeof others === 'string') this.#recent.set(traceKey, new Set([others, spanId]));
    else others.add(spanId);
  }
}

function isIn(traces: SpanIds, traceKey: string, spanId: string): boolean {
  const ids = traces.get(traceKey);
  return typeof ids === 'string' ? ids === spanId : ids?.has(spanId) === true;
}
