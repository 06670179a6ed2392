import { measureSegments } from './spool-folder.js';

/** After a measurement, this many times as long as it took passes before the next one, but no more than the longest pause. */
const PAUSE_FACTOR = 50;
const LONGEST_PAUSE_MILLIS = 5_000;

/** The bytes of all segments of a folder. With thousands of segments a measurement takes so long that it is made less often. */
export class SpoolSize {
  readonly #folder: string;
  #nextMillis = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `known`: what is returned until the next measurement is due. */
  async measure(known: number): Promise<number> {
    const begun = performance.now();
    if (begun < this.#nextMillis) return known;
    const bytes = await measureSegments(this.#folder);
    const elapsed = performance.now() - begun;
    this.#nextMillis = begun + Math.min(elapsed * PAUSE_FACTOR, LONGEST_PAUSE_MILLIS);
    return bytes;
  }
}
