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

/** Trims what PHP trims: no Unicode spaces, but NUL. */
export function trim(text: string): string {
  return text.replace(/^[ \t\n\r\0\v]+|[ \t\n\r\0\v]+$/g, '');
}

/** Resolves the entities that escaping makes, as Matomo does before it escapes anew. */
export function unescapeHtml(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#0?39);/g, (entity) => PLAIN[entity] ?? entity);
}

/** Escapes for HTML, without escaping twice; NUL is removed. Most texts are stored so. */
export function escapeHtml(text: string): string {
  const plain = unescapeHtml(text).replaceAll('\0', '');
  return plain.replace(/[&<>"']/g, (character) => ESCAPED[character] ?? character);
}

/** Cuts to so many characters, not bytes and not UTF-16 units. */
export function cutStoredCharacters(text: string, limit: number): string {
  return text.length <= limit ? text : Array.from(text).slice(0, limit).join('');
}

/** What is left of a character that a cut went through. No text that was sent has one of these. */
const BROKEN_CHARACTER = '\ud800';

/** Cuts to so many bytes of UTF-8, as Matomo cuts: also through a character, see `isBroken`. */
export function cutStoredBytes(text: string, limit: number): string {
  if (text.length * 3 <= limit) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = limit;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end) + (end < limit ? BROKEN_CHARACTER : '');
}

/** Whether a cut went through a character: a strict database does not take what is left. */
export function isBroken(text: string): boolean {
  return text.includes(BROKEN_CHARACTER) && /\p{Surrogate}/u.test(text);
}
