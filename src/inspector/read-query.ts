const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a query string as PHP does: the last of a repeated name wins, `.` and space in names become
 * `_`. What PHP makes an array of (`name[]=`) is null.
 */
export function readQuery(query: string): Record<string, string | null> {
  const parameters: Record<string, string | null> = {};
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    const name = decodeText(equals < 0 ? pair : pair.slice(0, equals)).trimStart();
    const bracket = name.indexOf('[');
    const isArray = bracket > 0 && name.includes(']', bracket);
    const key = (isArray ? name.slice(0, bracket) : name).replace(/[. [\0]/g, '_');
    if (key === '') continue;
    parameters[key] = isArray ? null : equals < 0 ? '' : decodeText(pair.slice(equals + 1));
  }
  return parameters;
}

/** Decodes `+` and percent escapes; bytes that are not UTF-8 are read as Latin-1. */
export function decodeText(encoded: string): string {
  const spaced = encoded.replaceAll('+', ' ');
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return decodeBytes(spaced);
  }
}

function decodeBytes(encoded: string): string {
  const latin1 = Buffer.from(encoded).toString('latin1');
  const bytes = Buffer.from(
    latin1.replace(/%([\da-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  );
  try {
    return UTF8.decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}
