/** Texts in one order, for what arrives in any; `undefined` as such. */
export function sorted(texts: Iterable<string | undefined>): string[] {
  return Array.from(texts, String).sort((a, b) => (a < b ? -1 : 1));
}
