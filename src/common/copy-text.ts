/**
 * Copies a text that is kept. V8 stores a part of a text as a reference to the whole, which then stays in memory as long as the
 * part: 31 characters of a body can keep 300 kB.
 */
export function copyText(text: string): string {
  const copy = Buffer.from(text).toString();
  return copy === text ? copy : Buffer.from(text, 'utf16le').toString('utf16le'); // with lone surrogates
}

/** The same for what may be no text. */
export function copyKey<Key>(key: Key): Key {
  return typeof key === 'string' ? (copyText(key) as Key) : key;
}
