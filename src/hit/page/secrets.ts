import type { decodePath, decodeText } from './url-pairs.js';

/** Replaces what was removed. */
export const REDACTED = 'redacted';

/** Words that mark a value as a credential: of OAuth 2 and OpenID Connect, API keys, signed URLs, sessions, webhooks. */
const CREDENTIAL_WORDS: ReadonlySet<string> = new Set([
  'tokens',
  'secrets',
  'passphrase',
  'passcode',
  'pwd',
  'pw',
  'otp',
  'totp',
  'key',
  'keys',
  'accesskey',
  'secretkey',
  'privatekey',
  'auth',
  'oauth',
  'authorization',
  'authentication',
  'bearer',
  'cookie',
  'session',
  'sessionid',
  'sessid',
  'sid',
  'phpsessid',
  'jsessionid',
  'jwt',
  'saml',
  'assertion',
  'signature',
  'sig',
  'hmac',
  'verifier',
  'nonce',
  'csrf',
  'xsrf',
  'magiclink',
  'sso',
  'mfa',
  'webhook',
  'webhooks',
]);

/**
 * The same with words for personal data, cards and links that log in. Not for headers, where `x-country-code` is none. In English and
 * German, without accents; passwords also in other languages.
 */
const SECRET_WORDS: ReadonlySet<string> = new Set([
  ...CREDENTIAL_WORDS,
  'pass',
  'pin',
  'ticket',
  'code',
  'email',
  'mail',
  'phone',
  'ssn',
  'iban',
  'cvv',
  'cvc',
  'magic',
  'invite',
  'invitation',
  'geheimnis',
  'schluessel',
  'schlussel',
  'zugangscode',
  'sitzung',
  'signatur',
  'einladung',
  'telefon',
  'telefonnummer',
  'handynummer',
  'mdp',
  'contrasena',
  'senha',
  'wachtwoord',
  'haslo',
]);

/** Endings of names without separators, such as `csrfmiddlewaretoken`, and of up to three words, such as `mot_de_passe`. */
const SECRET_ENDINGS: readonly string[] = [
  'token',
  'secret',
  'password',
  'passwd',
  'apikey',
  'credential',
  'credentials',
  'creditcard',
  'cardnumber',
  'passwort',
  'kennwort',
  'kreditkarte',
  'kartennummer',
  'motdepasse',
];
const SECRET_ENDING = /* @__PURE__ */ new RegExp(`(?:${SECRET_ENDINGS.join('|')})$`);
const MAX_WORDS_OF_AN_ENDING = 3;

/** Limit for nested encodings. */
const MAX_LAYERS = 5;

/** What follows the `@` is neither a version (`react@18.2.0.js`) nor a density (`logo@2x.png`). */
const E_MAIL =
  /[^\s/@]@(?!\d+\.\d+\.\d+(?:[-.+]|$)|\d(?:\.\d)?x\.(?:png|jpe?g|gif|webp|avif|svg))[^\s/@]+\.\p{L}/iu;
const JSON_WEB_TOKEN = /(?:^|[^\w-])eyJ[\w-]+\./;
const USER_INFO = /[/\\]{2}[^\s/\\?#@]+@/;
/** Credentials as in an Authorization header. `basic training` has none: what follows has no digit and no capital inside. */
const AUTHORIZATION =
  /\b(?:(?:[Bb]earer|BEARER|Basic|BASIC)\s+\S|(?:basic|[Dd]igest|[Nn]egotiate|NTLM|[Tt]oken)\s+\S*?(?:[\d=]|[a-z][A-Z]))/;

/** Letters that Unicode does not decompose. */
const PLAIN_LETTERS: Readonly<Record<string, string>> = {
  ł: 'l',
  Ł: 'L',
  ø: 'o',
  Ø: 'O',
  đ: 'd',
  Đ: 'D',
  ı: 'i',
  ß: 'ss',
};

/** Whether the name of a header says that its value is a credential. */
export function isCredentialName(name: string): boolean {
  return hasWordOf(CREDENTIAL_WORDS, name);
}

/** `access_token`, `X-Api-Key` and `sessionId` are secret because of one of their words; `authors` and `keyring` are not. */
export function isSecretName(name: string): boolean {
  return hasWordOf(SECRET_WORDS, name);
}

function hasWordOf(secretWords: ReadonlySet<string>, name: string): boolean {
  if (/^[a-z]*$/.test(name)) return secretWords.has(name) || SECRET_ENDING.test(name);
  const plain = name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[łŁøØđĐıß]/g, (letter) => PLAIN_LETTERS[letter] as string);
  const split = plain
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase();
  const words = `${split} ${plain.toLowerCase()}`.split(/[^a-z]+/);
  return words.some((word, i) => {
    if (secretWords.has(word)) return true;
    const start = Math.max(0, i + 1 - MAX_WORDS_OF_AN_ENDING);
    return SECRET_ENDING.test(words.slice(start, i + 1).join(''));
  });
}

/** Decodes a text until nothing is encoded; `undefined` if it is encoded more often than anybody needs. */
export function decodeLayers(
  encoded: string,
  decode: typeof decodeText | typeof decodePath,
): string | undefined {
  let text = encoded;
  for (let layer = 0; layer <= MAX_LAYERS; layer++) {
    const decoded = decode(text);
    if (decoded === text) return text;
    text = decoded;
  }
  return undefined;
}

/** Whether text contains a token or credentials, whatever its name says. */
export function holdsCredentials(text: string): boolean {
  return JSON_WEB_TOKEN.test(text) || AUTHORIZATION.test(text);
}

/** Whether text contains the same, an email address or the user info of a URL. */
export function holdsSecretText(text: string): boolean {
  return holdsCredentials(text) || holdsEmail(text) || USER_INFO.test(text);
}

export function holdsEmail(text: string): boolean {
  return text.includes('@') && E_MAIL.test(text);
}

const MIN_TOKEN_LENGTH = 20;
/** Texts and mails add punctuation to links. An `@` before it makes it the name of an account. */
const TOKEN = /^[^\w@-]*([\w-]{20,})[^\w-]*$/;
/** React Router, Remix and Next.js request the data of a page by its path and such an ending. */
const DATA_ENDING = /\.(?:data|json)$/;

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

/** Nothing else is in the place of a value behind a secret word. */
const VERSION = /^(?:v\d{1,3}(?:\.\d+)*(?:(?:alpha|beta)\d*)?|oauth2|saml2)$/i;
/** The token of a bot in a URL of Telegram. */
const BOT_TOKEN = /^bot\d+:./i;
const PHONE_NUMBER = /^[^\w+]*(?:(?:tel|sms|callto):)?\+(?:[\s().-]*\d){6,20}\W*$/i;
/** The secret address of a calendar in Google Calendar. */
const PRIVATE_CALENDAR = /^private-[\da-f]{20,}\W*$/;
const PRIVATE = 'private-';

function isSecretSegment(segment: string): boolean {
  const value = segment.replace(DATA_ENDING, '');
  return (
    isToken(segment) ||
    holdsEmail(segment) ||
    (segment.includes('eyJ') && JSON_WEB_TOKEN.test(segment)) ||
    (segment.includes(':') && BOT_TOKEN.test(segment)) ||
    (segment.includes('+') && PHONE_NUMBER.test(value)) ||
    (segment.startsWith(PRIVATE) && PRIVATE_CALENDAR.test(value))
  );
}

const LOWER_A = 97;

/** A number for the last two letters before `end`. */
function endOf(text: string, end: number): number {
  return (text.charCodeAt(end - 2) - LOWER_A) * 26 + text.charCodeAt(end - 1) - LOWER_A;
}

/** 1 for the last two letters of secret words: a look at them takes a tenth of the time of a look at all words. */
const ENDS = /* @__PURE__ */ endsOfWords();

function endsOfWords(): Uint8Array {
  const ends = new Uint8Array(26 * 26);
  for (const word of [...SECRET_WORDS, ...SECRET_ENDINGS]) ends[endOf(word, word.length)] = 1;
  return ends;
}

const OTHER = 1;
const DIGIT = 2;
const CAPITAL = 4;
const SLASH = 8;
/** Of pairs, email addresses, escapes and telephone numbers. */
const SPECIAL = 16;

/** Kinds of characters by their code; 0 for small letters. */
const KINDS = /* @__PURE__ */ Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[a-z]/.test(character)) return 0;
  if (/\d/.test(character)) return DIGIT;
  if (/[A-Z]/.test(character)) return CAPITAL;
  if (character === '/') return SLASH;
  return ';=:@%+'.includes(character) ? SPECIAL : OTHER;
});

/** Whether to look at each segment of a path. One loop over its characters, because most paths have no secret. */
export function mayHoldSecrets(path: string): boolean {
  let start = 0;
  let kinds = 0;
  let nameStart = 0;
  let nameEnd = 0;
  let kindsOfName = 0;
  for (let i = 0; i <= path.length; i++) {
    const kind = i < path.length ? (KINDS[path.charCodeAt(i)] ?? OTHER) : SLASH;
    if (kind === SPECIAL) return true;
    if (kind !== SLASH) {
      kinds |= kind;
      continue;
    }
    const isLong = i - start >= MIN_TOKEN_LENGTH;
    if (isLong && ((kinds & CAPITAL) > 0 || path.startsWith(PRIVATE, start))) return true;
    const isValue = isLong || (kinds & DIGIT) > 0;
    if (isValue && (kindsOfName > 0 || ENDS[endOf(path, nameEnd)] === 1)) {
      if (isSecretName(path.slice(nameStart, nameEnd))) return true;
    }
    if (i > start) {
      nameStart = start;
      nameEnd = i;
      kindsOfName = kinds;
    }
    start = i + 1;
    kinds = 0;
  }
  return path.includes('eyJ'); // a JSON Web Token may be short
}

/**
 * Makes a function that gets the decoded segments of one path in their order, and returns whether they are secrets. After a secret word
 * these are all that may be values, until a word follows: `/webhooks/<id>/<secret>/messages`.
 */
export function createIsSecret(): (segment: string) => boolean {
  let name = '';
  return function isSecret(segment) {
    if (segment === '') return false;
    if (segment.length >= MIN_TOKEN_LENGTH || /\d/.test(segment)) {
      if (VERSION.test(segment)) return false;
      if (isSecretName(name)) return true;
    }
    const isOne = segment.includes('/') ? holdsSecretSegment(segment) : isSecretSegment(segment);
    name = isOne ? '' : segment;
    return isOne;
  };
}

/** Whether a segment of a decoded path is a secret. */
export function holdsSecretSegment(path: string): boolean {
  return path.split('/').some(createIsSecret());
}
