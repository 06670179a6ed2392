import { cutAtSegment } from './redact-path.js';
import { decodePath } from './url-pairs.js';

/** Every rule needs a digit or an `@`. Most paths have neither. */
const MAY_HOLD_VALUES = /[\d@]|%40/;

const ID = /^(?:\d+|(?=\D*\d)[\da-f]{8,}|[0-7][\da-hjkmnp-tv-z]{25})$/i;
const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;
const TOKEN = /^[\w-]{20,}$/;
const EMAIL_DOMAIN = /^(?:[^.\s]+\.)+(?:\p{L}+|xn--[\w-]+)\.?$/iu;
const UNSAFE_IN_A_TITLE = /[\p{Cc}\p{Bidi_Control}]/u;

/**
 * Replaces IDs, UUIDs, email addresses and tokens in a path by `:id`, `:uuid`, `:email` and `:token`, so that one page has one title. A
 * path of more than 2,048 characters is cut after a whole segment.
 */
export function toTitlePath(path: string): string {
  const seen = cutAtSegment(path);
  return MAY_HOLD_VALUES.test(seen) ? seen.replace(/[^/]+/g, templateOf) : seen;
}

function templateOf(sent: string): string {
  const segment = decodePath(sent);
  if (isEmail(segment)) return ':email';
  if (ID.test(segment)) return ':id';
  if (UUID.test(segment)) return ':uuid';
  return isToken(segment) ? ':token' : sent;
}

/** Text before an `@` that may be encoded twice, and a domain of two labels or more. Matrix parameters may follow. */
function isEmail(segment: string): boolean {
  const [text = ''] = segment.replaceAll('%40', '@').split(';', 1);
  const at = text.lastIndexOf('@');
  return at > 0 && EMAIL_DOMAIN.test(text.slice(at + 1));
}

/** Words joined by hyphens are not a token, whatever their case. */
function isToken(segment: string): boolean {
  if (!TOKEN.test(segment)) return false;
  const isMixed = /\d/.test(segment) && /[A-Z]/.test(segment) && /[a-z]/.test(segment);
  return isMixed && segment.indexOf('-') === segment.lastIndexOf('-');
}

/**
 * A path or route as a title shows it: percent-decoded if that is UTF-8 without control or bidirectional characters. `%2F` stays,
 * because it does not separate segments.
 */
export function decodeTitle(text: string): string {
  if (!text.includes('%')) return text;
  try {
    const decoded = decodeURIComponent(text.replace(/%(?=2f)/gi, '%25'));
    return UNSAFE_IN_A_TITLE.test(decoded) ? text : decoded;
  } catch {
    return text;
  }
}
