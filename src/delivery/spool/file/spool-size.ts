import { measureSegments } from './spool-folder.js';

/** The pause after a measurement: this many times its duration, up to a limit. */
const PAUSE_FACTOR = 50;
const MAX_PAUSE_MILLIS = 5_000;

/** Measures the bytes of all segments. With thousands of segments this takes long, so it is done less often. */
export class SpoolSize {
  readonly #folder: string;
  #nextMillis = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Returns `known` until the next measurement is due. */
  async measure(known: number): Promise<number> {
    const begun = performance.now();
    if (begun < this.#nextMillis) return known;
    const bytes = await measureSegments(this.#folder);
    const elapsed = performance.now() - begun;
    this.#nextMillis = begun + Math.min(elapsed * PAUSE_FACTOR, MAX_PAUSE_MILLIS);
    return bytes;
  }
}
