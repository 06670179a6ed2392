const SLOTS = 2048; // a power of two
const MAX_BYTES = 256;
/** Bytes of a text that are hashed, spread over all of it. */
const MIN_HASHED = 8;

/**
 * Names by their bytes: a known one is found without being decoded. They stay in memory as long as the process runs, so texts that
 * may be personal do not belong here. No `GenerationCache`, whose keys have to be decoded first.
 */
export class KnownTexts {
  readonly #texts: string[] = new Array(SLOTS).fill('');

  /** Decodes UTF-8, or returns the known text with the same bytes. */
  read(bytes: Buffer, begin: number, end: number): string {
    if (end - begin > MAX_BYTES) return bytes.toString('utf8', begin, end);
    const slot = slotOf(bytes, begin, end);
    const known = this.#texts[slot] as string;
    if (isSame(known, bytes, begin, end)) return known;
    const text = bytes.toString('utf8', begin, end);
    this.#texts[slot] = text;
    return text;
  }
}

function slotOf(bytes: Buffer, begin: number, end: number): number {
  const step = Math.floor((end - begin) / MIN_HASHED) + 1;
  let hash = end - begin;
  for (let i = begin; i < end; i += step) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}

/** Whether a text has these bytes; false for texts that are not ASCII. */
function isSame(text: string, bytes: Buffer, begin: number, end: number): boolean {
  if (text.length !== end - begin) return false;
  for (let i = 0; i < text.length; i++) {
    const byte = bytes[begin + i] as number;
    if (byte > 127 || byte !== text.charCodeAt(i)) return false;
  }
  return true;
}
