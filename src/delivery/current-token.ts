/** The token that is sent. While Matomo rejects it, it is read again if it came from a file. */
export class CurrentToken {
  value: string | undefined;
  readonly #read: (() => string | undefined) | undefined;
  #readMillis = Number.NEGATIVE_INFINITY;

  constructor(value: string | undefined, read: (() => string | undefined) | undefined) {
    this.value = value;
    this.#read = read;
  }

  /**
   * Reads the token again, unless it was read in the last `minMillis`. Returns whether it is another one; a missing or empty file keeps the
   * old one.
   */
  reread(minMillis = 0): boolean {
    const now = performance.now();
    if (now - this.#readMillis < minMillis) return false;
    this.#readMillis = now;
    const token = this.#read?.() ?? this.value;
    const isNew = token !== this.value;
    this.value = token;
    return isNew;
  }
}
