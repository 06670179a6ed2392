const ESCAPED: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#039;',
};

/** Escapes text for HTML as Matomo does before it stores a title or a dimension. */
export function escapeHtml(text: string): string {
  return /[&<>"']/.test(text)
    ? text.replace(/[&<>"']/g, (character) => ESCAPED[character] as string)
    : text;
}

/** Cuts to so many characters, not bytes and not UTF-16 units. */
export function cutCharacters(text: string, limit: number): string {
  return text.length <= limit ? text : Array.from(text).slice(0, limit).join('');
}

/**
 * Cuts to so many bytes of UTF-8. Undefined where the cut falls inside a character: a strict
 * database does not take what is left of it.
 */
export function cutBytes(text: string, limit: number): string | undefined {
  if (text.length * 3 <= limit || Buffer.byteLength(text) <= limit) return text;
  const bytes = Buffer.from(text);
  const isInsideCharacter = ((bytes[limit] as number) & 0xc0) === 0x80;
  return isInsideCharacter ? undefined : bytes.toString('utf8', 0, limit);
}
