const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a query string as PHP does: the last value of a repeated name wins, `.` and space in names become `_`. Arrays
 * (`name[]=`) are null.
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
function decodeText(encoded: string): string {
  return decodeUtf8(encoded) ?? decodeBytes(encoded).toString('latin1');
}

/** Decodes `+` and percent escapes; undefined if the bytes are not UTF-8. */
export function decodeUtf8(encoded: string): string | undefined {
  const spaced = encoded.replaceAll('+', ' ');
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    // An invalid `%`, or bytes that are not UTF-8.
  }
  try {
    return UTF8.decode(decodeBytes(encoded));
  } catch {
    return undefined;
  }
}

/** Decodes, then encodes every byte except letters, digits, `-`, `.` and `_`, as PHP's `urlencode` does. */
export function encodeBytes(encoded: string): string {
  const text = decodeBytes(encoded).toString('latin1');
  return text.replace(/[^\w.-]/g, (character) =>
    character === ' '
      ? '+'
      : `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

function decodeBytes(encoded: string): Buffer {
  const latin1 = Buffer.from(encoded.replaceAll('+', ' ')).toString('latin1');
  return Buffer.from(
    latin1.replace(/%([\da-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  );
}
