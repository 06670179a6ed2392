const SLOTS = 2048; // a power of two
/** Longer texts are not remembered. */
const MAX_BYTES = 64;
/** Bytes of a text that are hashed, spread over all of it. */
const MIN_HASHED = 8;

/**
 * Names by their bytes: a known one is found without being decoded. They stay in memory as long as the process runs, so texts that
 * may be personal do not belong here. A `Map`, or decoding each name, would take a tenth of the time of a span.
 */
export class KnownTexts {
  readonly #texts: string[] = new Array(SLOTS).fill('');
  /** The bytes of each: to compare these is faster than to compare characters. */
  readonly #bytes = new Uint8Array(SLOTS * MAX_BYTES);
  readonly #lengths = new Uint8Array(SLOTS);

  /** Decodes UTF-8, or returns the known text with the same bytes. */
  read(bytes: Buffer, begin: number, end: number): string {
    const length = end - begin;
    if (length > MAX_BYTES) return bytes.toString('utf8', begin, end);
    const slot = slotOf(bytes, begin, end);
    if (this.#lengths[slot] !== length || !this.#isIn(slot, bytes, begin, length)) {
      this.#texts[slot] = bytes.toString('utf8', begin, end);
      this.#lengths[slot] = length;
      bytes.copy(this.#bytes, slot * MAX_BYTES, begin, end);
    }
    return this.#texts[slot] as string;
  }

  #isIn(slot: number, bytes: Buffer, begin: number, length: number): boolean {
    const known = slot * MAX_BYTES;
    for (let i = 0; i < length; i++) {
      if (this.#bytes[known + i] !== bytes[begin + i]) return false;
    }
    return true;
  }
}

function slotOf(bytes: Buffer, begin: number, end: number): number {
  const step = Math.floor((end - begin) / MIN_HASHED) + 1;
  let hash = end - begin;
  for (let i = begin; i < end; i += step) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}
