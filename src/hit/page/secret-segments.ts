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

// What is sent of a segment comes first. `mayBeSecret` below only skips segments that are sent as they are.

const MIN_TOKEN_LENGTH = 20;

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
const PHONE_NUMBER = /^[^\w+]*(?:(?:tel|sms|callto):)?\+(?:[\s().-]*\d){6,20}\W*$/i;
/** The secret address of a calendar in Google Calendar. */
const PRIVATE_CALENDAR = /^private-[\da-f]{20,}\W*$/;

/** What follows the segment of a path in a text that was decoded. */
const PARAMETERS = /(?<=[\w-])[;&].*/s;

/** Whether a decoded segment is a secret: `mayBeSecret` must know each kind. After a secret word, each value is one. */
function isSecret(segment: string, isAfterSecretWord: boolean): boolean {
  if (isAfterSecretWord && isValue(segment) && !isVersion(segment)) return true;
  if (holdsJsonWebToken(segment) || holdsEmail(segment)) return true;
  const head = segment.replace(PARAMETERS, '');
  if (isToken(head)) return true;
  const text = head.replace(DATA_ENDING, '');
  return BOT_TOKEN.test(segment) || PHONE_NUMBER.test(text) || PRIVATE_CALENDAR.test(text);
}

function isValue(segment: string): boolean {
  return segment.length >= MIN_TOKEN_LENGTH || /\d/.test(segment);
}

/** Whether values after a segment are secret. */
function isSecretWord(segment: string): boolean {
  return isSecretName(decodeSegment(segment)) && !isVersion(segment);
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

type RedactPair = (pair: string) => string;

/** What is sent of a segment without its matrix parameters. With `redactPair`, it may be encoded or a pair. */
function redactHead(head: string, isAfterSecretWord: boolean, redactPair?: RedactPair): string {
  if (redactPair === undefined) return isSecret(head, isAfterSecretWord) ? REDACTED : head;
  if (PAIR_SEGMENT.test(head) && !METHOD_SEGMENT.test(head)) {
    const redacted = redactPair(head);
    if (redacted !== head) return redacted;
  }
  const text = decodeLayers(head, decodePath);
  if (text === undefined || isSecret(text, isAfterSecretWord)) return REDACTED;
  return text.includes('/') && holdsSecretSegment(text) ? REDACTED : head;
}

/** Of pairs, escapes, email addresses and telephone numbers. */
const SPECIAL_CHARACTER = /[%;&=:@+]/;

/**
 * Redacts the segments of a path that are secrets or follow a secret word, and by `redactPair` matrix parameters and segments such as
 * `token=…`. After a secret word, all segments that may be values are secrets, until a word follows: `/webhooks/<id>/<secret>/messages`.
 * Without `redactPair`, the path is decoded text. After 1,024 characters, which is all that Matomo stores, a path ends before the next
 * segment that may be a value. To redact the result again changes nothing.
 */
export function redactSegments(path: string, redactPair?: RedactPair): string {
  let sent = '';
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
    const isBeyond = sent.length + start - copied > MAX_PAIRS_LENGTH;
    const mayBeValue = (kinds & DIGIT) > 0 || end - start >= MIN_TOKEN_LENGTH;
    const mayFollowWord = mayBeValue && (isBeyond || mayBeSecretName(path, nameStart, nameEnd));
    if (!mayFollowWord && !mayBeSecret(path, start, end, kinds)) {
      nameStart = start;
      nameEnd = end;
      continue;
    }
    const segment = path.slice(start, end);
    const redactEncoded = (kinds & SPECIAL) > 0 ? redactPair : undefined;
    sent += path.slice(copied, start);
    if (isBeyond && (redactEncoded || mayBeValue)) return sent;
    const isAfterSecretWord = isSecretWord(path.slice(nameStart, nameEnd));
    const head = redactEncoded ? segment.slice(0, segment.search(/[;&]|$/)) : segment;
    const sentHead = redactHead(head, isAfterSecretWord, redactEncoded);
    sent += sentHead;
    if (redactEncoded) {
      const parameters = asMatomoReads(segment.slice(head.length));
      sent += filterParts(parameters, redactEncoded, sentHead !== head);
    }
    const isWord = !sentHead.includes(REDACTED) && !(isAfterSecretWord && isVersion(head));
    if (isWord) {
      nameStart = start;
      nameEnd = start + head.length;
    }
    copied = end;
  }
  return copied === 0 ? path : sent + path.slice(copied);
}

/** Whether a segment of a decoded path is a secret. */
export function holdsSecretSegment(path: string): boolean {
  return redactSegments(path) !== path;
}

const DIGIT = 1;
const CAPITAL = 2;
const DOT = 4;
const SPECIAL = 8;
const SLASH = 16;

/** Kinds of characters by their code; 0 for small letters, and for what no rule asks for. */
const KINDS = /* @__PURE__ */ Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/\d/.test(character)) return DIGIT;
  if (/[A-Z]/.test(character)) return CAPITAL;
  if (SPECIAL_CHARACTER.test(character)) return SPECIAL;
  if (character === '.') return DOT;
  return character === '/' ? SLASH : 0;
});

/**
 * Whether a segment may be or contain a secret by itself. Most paths have none: of these, nothing is copied, and no expression looks at
 * them.
 */
function mayBeSecret(path: string, start: number, end: number, kinds: number): boolean {
  const hasCapital = (kinds & CAPITAL) > 0;
  const isLong = end - start >= MIN_TOKEN_LENGTH;
  if ((kinds & SPECIAL) > 0 || (isLong && hasCapital && (kinds & DIGIT) > 0)) return true;
  if (isLong && path.startsWith('private-', start)) return true;
  return hasCapital && (kinds & DOT) > 0 && holdsJsonWebToken(path.slice(start, end));
}
