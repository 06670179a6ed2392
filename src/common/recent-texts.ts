/** About as many as a cache has keys, so that a text is forgotten at about the time at which its entry would be evicted. */
const SLOTS = 2048;
/** Most texts differ at the end: a number, a slug, the value of a parameter. */
const END_CHARACTERS = 16;

/**
 * Recognizes texts that come again, without storing them: of each, it keeps one byte of a hash of its length and its end. If two texts
 * have the same hash, the second one counts as seen.
 */
export class RecentTexts {
  readonly #marks = new Uint8Array(SLOTS);

  /** Returns whether a text was marked recently, and marks it. */
  hasSeen(text: string): boolean {
    let hash = text.length;
    for (let i = Math.max(0, text.length - END_CHARACTERS); i < text.length; i++)
      hash = Math.imul(hash ^ text.charCodeAt(i), 0x2c1b3c6d);
    const slot = (hash >>> 8) % SLOTS;
    const mark = (hash >>> 24) | 1;
    const isSeen = this.#marks[slot] === mark;
    this.#marks[slot] = mark;
    return isSeen;
  }
}
