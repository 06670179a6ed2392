/** A decoded parameter: text, or null for what PHP reads as an array. */
export type QueryValue = string | null;

const LATIN1 = new TextDecoder('latin1');
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads a query string as PHP does: the last of a repeated name wins, `.` and space in names become `_`. */
export function readQuery(query: string): Record<string, QueryValue> {
  const parameters: Record<string, QueryValue> = Object.create(null);
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals)).trimStart();
    const bracket = name.indexOf('[');
    const isArray = bracket > 0 && name.includes(']', bracket);
    const key = (isArray ? name.slice(0, bracket) : name).replace(/[. [\0]/g, '_');
    if (key === '') continue;
    parameters[key] = isArray ? null : equals < 0 ? '' : decode(pair.slice(equals + 1));
  }
  return parameters;
}

/** Percent-decodes; bytes that are not UTF-8 are read as Latin-1, as Matomo does. */
function decode(encoded: string): string {
  const spaced = encoded.includes('+') ? encoded.replaceAll('+', ' ') : encoded;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return decodeBytes(spaced);
  }
}

function decodeBytes(encoded: string): string {
  const raw = Buffer.from(encoded);
  const bytes: number[] = [];
  for (let i = 0; i < raw.length; i++) {
    const hex = raw[i] === 0x25 ? raw.toString('latin1', i + 1, i + 3) : '';
    if (/^[0-9a-f]{2}$/i.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      i += 2;
    } else {
      bytes.push(raw[i] as number);
    }
  }
  const decoded = Uint8Array.from(bytes);
  try {
    return UTF8.decode(decoded);
  } catch {
    return LATIN1.decode(decoded);
  }
}
