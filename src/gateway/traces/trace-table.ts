import { PlannedTrace, type SpanIds } from './due-traces.js';

/** Traces and IDs of spans in a generation: of 20,000 requests a second, those of the last five seconds at least. */
const MAX_RECENT = 200_000;

/** A trace with spans, or what is left of it: the IDs of its spans that made hits. */
type Entry = PlannedTrace | SpanIds;

/**
 * Traces by their keys. What is left of traces is remembered, in two generations: a sender that gets no response sends an export again,
 * and its hits must not be counted twice. Nothing is deleted from the maps: V8 would copy them.
 */
export class TraceTable {
  #recent = new Map<string, Entry>();
  #older = new Map<string, Entry>();
  /** The number of traces in the recent generation, and of IDs that these remember. */
  #remembered = 0;
  #open = 0;

  /** The number of traces that are open. */
  get size(): number {
    return this.#open;
  }

  /** The open trace with a key. */
  open(key: string): PlannedTrace {
    const known = this.#recent.get(key) ?? this.#olderOf(key);
    if (known instanceof PlannedTrace) return known;
    const trace = new PlannedTrace(key, known);
    if (this.#remembered >= MAX_RECENT) this.#startGeneration();
    this.#remembered += 1;
    this.#recent.set(key, trace);
    this.#open += 1;
    return trace;
  }

  #olderOf(key: string): Entry | undefined {
    const known = this.#older.get(key);
    if (known instanceof Set) this.#remembered += known.size;
    return known;
  }

  /** Remembers that a span of an open trace makes hits. */
  remember(trace: PlannedTrace, spanId: string): void {
    trace.addDone(spanId);
    this.#remembered += 1;
  }

  /** Closes an open trace, which must be empty. */
  close({ key, done }: PlannedTrace): void {
    this.#recent.set(key, done);
    this.#open -= 1;
  }

  #startGeneration(): void {
    const open = [...this.#openIn(this.#older)];
    this.#older = this.#recent;
    this.#recent = new Map(open.map((trace) => [trace.key, trace]));
    this.#remembered = 0;
  }

  /** Open traces, the older ones first. Any of them may be closed meanwhile. */
  *[Symbol.iterator](): IterableIterator<PlannedTrace> {
    yield* this.#openIn(this.#older);
    yield* this.#openIn(this.#recent);
  }

  /** A trace that was closed after its generation is empty there. */
  *#openIn(entries: ReadonlyMap<string, Entry>): IterableIterator<PlannedTrace> {
    for (const entry of entries.values()) {
      if (entry instanceof PlannedTrace && entry.size > 0) yield entry;
    }
  }
}
