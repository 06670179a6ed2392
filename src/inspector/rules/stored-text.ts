const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#039;',
};
const PLAIN: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&#039;': "'",
};

/** Trims like PHP: NUL, but no Unicode spaces. */
export function trim(text: string): string {
  return text.replace(/^[ \t\n\r\0\v]+|[ \t\n\r\0\v]+$/g, '');
}

/** Decodes the entities that escaping makes, as Matomo does before it escapes a text again. */
export function unescapeHtml(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#0?39);/g, (entity) => PLAIN[entity] ?? entity);
}

/** Escapes for HTML, without escaping twice, and removes NUL. Most texts are stored like this. */
export function escapeHtml(text: string): string {
  const plain = unescapeHtml(text).replaceAll('\0', '');
  return plain.replace(/[&<>"']/g, (character) => ESCAPED[character] ?? character);
}

/** Cuts to a number of characters, not bytes or UTF-16 units. */
export function cutStoredCharacters(text: string, limit: number): string {
  return text.length <= limit ? text : Array.from(text).slice(0, limit).join('');
}

/** Marks the rest of a character that was cut. It occurs in no text that was sent. */
const BROKEN_CHARACTER = '\ud800';

/** Cuts to a number of bytes of UTF-8, as Matomo does, even through a character: see `isBroken`. */
export function cutStoredBytes(text: string, limit: number): string {
  if (text.length * 3 <= limit) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = limit;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end) + (end < limit ? BROKEN_CHARACTER : '');
}

/** Whether a cut went through a character. A strict database refuses such a text. */
export function isBroken(text: string): boolean {
  return text.includes(BROKEN_CHARACTER) && /\p{Surrogate}/u.test(text);
}
