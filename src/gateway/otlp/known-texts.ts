const SLOTS = 2048; // a power of two
const LONGEST = 256;
/** So many bytes of a text at least tell it from others, taken from all over it. */
const PROBES = 8;

/**
 * Texts by their bytes. Names, methods and user agents come with every span: what came before is found without being
 * decoded, and all spans that wait share one copy. Memory is bounded: a text lives until another takes its slot.
 */
export class KnownTexts {
  readonly #texts: string[] = new Array(SLOTS).fill('');

  /** The text that these bytes are in UTF-8. */
  read(bytes: Buffer, begin: number, end: number): string {
    if (end - begin > LONGEST) return bytes.toString('utf8', begin, end);
    const slot = slotOf(bytes, begin, end);
    const known = this.#texts[slot] as string;
    if (isSame(known, bytes, begin, end)) return known;
    const text = bytes.toString('utf8', begin, end);
    this.#texts[slot] = text;
    return text;
  }
}

function slotOf(bytes: Buffer, begin: number, end: number): number {
  const step = Math.floor((end - begin) / PROBES) + 1;
  let hash = end - begin;
  for (let i = begin; i < end; i += step) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}

/** Never of a text that is not ASCII: it has other codes, or fewer. */
function isSame(text: string, bytes: Buffer, begin: number, end: number): boolean {
  if (text.length !== end - begin) return false;
  for (let i = 0; i < text.length; i++) {
    const byte = bytes[begin + i] as number;
    if (byte > 127 || byte !== text.charCodeAt(i)) return false;
  }
  return true;
}
