import {
  holdsEmail,
  holdsJsonWebToken,
  isSecretName,
  mayBeSecretName,
  REDACTED,
} from './secrets.js';
import {
  asMatomoReads,
  decodeLayers,
  decodePath,
  filterParts,
  MAX_PAIRS_LENGTH,
} from './url-pairs.js';

const DIGIT = 1;
const CAPITAL = 2;
const DOT = 4;
/** Of pairs, escapes, email addresses and telephone numbers. */
const SPECIAL = 8;
const ALL_KINDS = 15;
const SLASH = 16;

const MIN_TOKEN_LENGTH = 20;

/** What makes a decoded segment of a path a secret, whatever precedes it. */
interface SegmentRule {
  readonly isSecret: (segment: string) => boolean;
  /** What each such segment has. Nearly all segments have less, so that no expression looks at them. */
  readonly kinds: number;
  readonly minLength: number;
}

const SEGMENT_RULES: readonly SegmentRule[] = [
  { isSecret: isToken, kinds: CAPITAL | DIGIT, minLength: MIN_TOKEN_LENGTH },
  { isSecret: holdsJsonWebToken, kinds: CAPITAL | DOT, minLength: 5 },
  { isSecret: holdsEmail, kinds: SPECIAL, minLength: 5 },
  { isSecret: isBotToken, kinds: SPECIAL | DIGIT, minLength: 6 },
  { isSecret: isPhoneNumber, kinds: SPECIAL | DIGIT, minLength: 7 },
  { isSecret: isPrivateCalendar, kinds: 0, minLength: 28 },
];

/** React Router, Remix and Next.js request the data of a page by its path and such an ending. */
const DATA_ENDING = /\.(?:data|json)$/;

/** Texts and mails add punctuation to links. An `@` before it makes it the name of an account. */
const TOKEN = /^[^\w@-]*([\w-]{20,})[^\w-]*$/;

/** Words joined by hyphens are not a token, whatever their case, but one of them may be: `sk-proj-…`. */
export function isToken(segment: string): boolean {
  if (segment.length < MIN_TOKEN_LENGTH) return false;
  const token = TOKEN.exec(segment.replace(DATA_ENDING, ''))?.[1];
  if (token === undefined) return false;
  const words = token.split('-');
  if (words.length <= 2) return isMixed(token);
  return words.some((word) => word.length >= MIN_TOKEN_LENGTH && isMixed(word));
}

function isMixed(text: string): boolean {
  return /\d/.test(text) && /[A-Z]/.test(text) && /[a-z]/.test(text);
}

/** The token of a bot in a URL of Telegram. */
const BOT_TOKEN = /^bot\d+:[^/]/i;

function isBotToken(segment: string): boolean {
  return BOT_TOKEN.test(segment);
}

const PHONE_NUMBER = /^[^\w+]*(?:(?:tel|sms|callto):)?\+(?:[\s().-]*\d){6,20}\W*$/i;

function isPhoneNumber(segment: string): boolean {
  return PHONE_NUMBER.test(segment.replace(DATA_ENDING, ''));
}

/** The secret address of a calendar in Google Calendar. */
const PRIVATE_CALENDAR = /^private-[\da-f]{20,}\W*$/;

function isPrivateCalendar(segment: string): boolean {
  return segment.startsWith('private-') && PRIVATE_CALENDAR.test(segment.replace(DATA_ENDING, ''));
}

/** Whether values after a segment are secret. */
function isSecretWord(path: string, start: number, end: number): boolean {
  if (!mayBeSecretName(path, start, end)) return false;
  const word = path.slice(start, end);
  return isSecretName(decodeSegment(word)) && !isVersion(word);
}

/** Neither a word nor a value after one: a version, or nothing before a matrix parameter. */
const VERSION = /^(?:v\d{1,3}(?:\.\d+)*(?:(?:alpha|beta)\d*)?|oauth2|saml2)?$/i;

function isVersion(segment: string): boolean {
  return VERSION.test(decodeSegment(segment));
}

function decodeSegment(segment: string): string {
  return decodeLayers(segment, decodePath) ?? '';
}

/** Segments of a path that are redacted like a parameter: `name=value`, `name:value` and `scheme credentials`, also encoded. */
const PAIR_SEGMENT = /[=:]|%(?:25)*(?:20|3a|3d)/i;
/** A method of a resource, such as `keys:rotate`. */
const METHOD_SEGMENT = /^[\w.~-]*:[a-z]+$/i;

/** Redacts a segment that may be encoded or a pair. */
function redactSpecial(segment: string, redactPair: RedactPair, isAfterName: boolean): string {
  if (PAIR_SEGMENT.test(segment) && !METHOD_SEGMENT.test(segment)) {
    const redacted = redactPair(segment);
    if (redacted !== segment) return redacted;
  }
  const text = decodeLayers(segment, decodePath);
  if (text === undefined || (text.includes('/') && holdsSecretSegment(text))) return REDACTED;
  const isValue = text.length >= MIN_TOKEN_LENGTH || /\d/.test(text);
  const redacted = redactDecoded(text, ALL_KINDS, isAfterName && isValue);
  return redacted === text ? segment : REDACTED;
}

function redactDecoded(segment: string, kinds: number, isAfterName: boolean): string {
  if (isAfterName && !isVersion(segment)) return REDACTED;
  for (const rule of SEGMENT_RULES) {
    const isPossible = (kinds & rule.kinds) === rule.kinds && segment.length >= rule.minLength;
    if (isPossible && rule.isSecret(segment)) return REDACTED;
  }
  return segment;
}

/** Kinds of characters by their code; 0 for small letters, and for what no rule asks for. */
const KINDS = /* @__PURE__ */ Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/\d/.test(character)) return DIGIT;
  if (/[A-Z]/.test(character)) return CAPITAL;
  if (/[%;&=:@+]/.test(character)) return SPECIAL;
  if (character === '.') return DOT;
  return character === '/' ? SLASH : 0;
});

/** The lengths of the shortest secret segments, by the kinds of their characters. What is special may be any pair. */
const MIN_LENGTHS = /* @__PURE__ */ Uint8Array.from({ length: ALL_KINDS + 1 }, (_, kinds) => {
  const rules = SEGMENT_RULES.filter((rule) => (kinds & rule.kinds) === rule.kinds);
  return (kinds & SPECIAL) > 0 ? 0 : Math.min(...rules.map(({ minLength }) => minLength));
});

type RedactPair = (pair: string) => string;

/**
 * Redacts the segments of a path that are secrets or follow a secret word, and by `redactPair` matrix parameters and segments such as
 * `token=…`. After a secret word, all segments that may be values are secrets, until a word follows: `/webhooks/<id>/<secret>/messages`.
 * Without `redactPair`, the path is decoded text. After 1,024 characters, which is all that Matomo stores, a path ends before the next
 * segment that may be a value. To redact the result again changes nothing.
 */
export function redactSegments(path: string, redactPair?: RedactPair): string {
  let redacted = '';
  let copied = 0;
  let nameStart = 0;
  let nameEnd = 0;
  for (let start = 0, end = 0; start < path.length; start = end + 1) {
    let kinds = 0;
    for (end = start; end < path.length; end++) {
      const kind = KINDS[path.charCodeAt(end)] ?? 0;
      if (kind === SLASH) break;
      kinds |= kind;
    }
    if (end === start) continue;
    const isSpecial = redactPair !== undefined && (kinds & SPECIAL) > 0;
    const isValue = isSpecial || (kinds & DIGIT) > 0 || end - start >= MIN_TOKEN_LENGTH;
    if (isValue && redacted.length + start - copied > MAX_PAIRS_LENGTH) {
      return redacted + path.slice(copied, start);
    }
    const isAfterName = isValue && isSecretWord(path, nameStart, nameEnd);
    // Most segments end here, and nothing of them is copied.
    if (!isAfterName && end - start < (MIN_LENGTHS[kinds] as number)) {
      nameStart = start;
      nameEnd = end;
      continue;
    }
    const segment = path.slice(start, end);
    const head = isSpecial ? segment.slice(0, segment.search(/[;&]|$/)) : segment;
    const sentHead = isSpecial
      ? redactSpecial(head, redactPair, isAfterName)
      : redactDecoded(head, kinds, isAfterName);
    if (sentHead === head && !(isAfterName && isVersion(head))) {
      nameStart = start;
      nameEnd = start + head.length;
    }
    let sent = sentHead;
    if (isSpecial) {
      const parts = asMatomoReads(segment.slice(head.length));
      sent += filterParts(parts, redactPair, sentHead !== head);
    }
    if (sent === segment) continue;
    redacted += path.slice(copied, start) + sent;
    copied = end;
  }
  return copied === 0 ? path : redacted + path.slice(copied);
}

/** Whether a segment of a decoded path is a secret. */
export function holdsSecretSegment(path: string): boolean {
  return redactSegments(path) !== path;
}
