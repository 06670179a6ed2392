/** How long a segment that cannot be read is passed over. */
const PAUSE_MILLIS = 5_000;

/** Segments that could not be read: each is passed over for some time, and keeps nobody from the others. */
export class UnreadableSegments {
  readonly #onError: (segment: string, error: unknown) => void;
  /** Until when they are passed over. */
  readonly #untilMillis = new Map<string, number>();

  constructor(onError: (segment: string, error: unknown) => void) {
    this.#onError = onError;
  }

  has(segment: string): boolean {
    return this.#untilMillis.has(segment);
  }

  /** Does something with a segment, unless that has failed just now. Never rejects. */
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
