const PLAIN: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  '#039': "'",
};

/** Matomo stores names HTML-escaped, and escapes messages. */
export function unescapeHtml(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#0?39);/g, (entity, name) => PLAIN[name] ?? entity);
}
