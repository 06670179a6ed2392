/** A segment that cannot be read is skipped for this long. */
const PAUSE_MILLIS = 5_000;

/** Segments that could not be read. Each is skipped for some time, so that it does not block the others. */
export class UnreadableSegments {
  readonly #onError: (segment: string, error: unknown) => void;
  /** When each is tried again. */
  readonly #untilMillis = new Map<string, number>();

  constructor(onError: (segment: string, error: unknown) => void) {
    this.#onError = onError;
  }

  has(segment: string): boolean {
    return this.#untilMillis.has(segment);
  }

  /** Runs something for a segment, unless that failed recently. Never rejects. */
  async unless(segment: string, run: () => Promise<void>): Promise<void> {
    if ((this.#untilMillis.get(segment) ?? 0) > performance.now()) return;
    try {
      await run();
      this.#untilMillis.delete(segment);
    } catch (error) {
      this.#untilMillis.set(segment, performance.now() + PAUSE_MILLIS);
      this.#onError(segment, error);
    }
  }
}
