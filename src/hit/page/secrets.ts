/** Replaces what was removed. */
export const REDACTED = 'redacted';

/** Words that mark a value as a credential: of OAuth 2 and OpenID Connect, API keys, signed URLs, sessions, webhooks. */
const CREDENTIAL_WORDS = /* @__PURE__ */ wordsOf(`
  tokens secrets passphrase passcode pwd pw otp totp key keys accesskey secretkey privatekey auth oauth authorization
  authentication bearer cookie session sessionid sessid sid phpsessid jsessionid jwt saml assertion signature sig hmac verifier
  nonce csrf xsrf magiclink sso mfa webhook webhooks`);

/**
 * The same with words for personal data, cards and links that log in. Not for headers, where `x-country-code` is none. In English and
 * German, without accents; passwords also in other languages.
 */
const SECRET_WORDS = /* @__PURE__ */ wordsOf(
  `pass pin ticket code email mail phone ssn iban cvv cvc magic invite invitation geheimnis schluessel schlussel zugangscode
  sitzung signatur einladung telefon telefonnummer handynummer mdp contrasena senha wachtwoord haslo`,
  CREDENTIAL_WORDS,
);

/** Endings of names without separators, such as `csrfmiddlewaretoken`, and of up to three words, such as `mot_de_passe`. */
const SECRET_ENDINGS = /* @__PURE__ */ wordsOf(
  `token secret password passwd apikey credential credentials creditcard cardnumber passwort kennwort kreditkarte kartennummer
  motdepasse`,
);
const SECRET_ENDING = /* @__PURE__ */ new RegExp(`(?:${[...SECRET_ENDINGS].join('|')})$`);
const MAX_WORDS_OF_AN_ENDING = 3;

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

function wordsOf(text: string, others: Iterable<string> = []): ReadonlySet<string> {
  return new Set([...text.trim().split(/\s+/), ...others]);
}

/** Whether the name of a header says that its value is a credential. */
export function isCredentialName(name: string): boolean {
  return hasWordOf(CREDENTIAL_WORDS, name);
}

/** `access_token`, `X-Api-Key` and `sessionId` are secret because of one of their words; `authors` and `keyring` are not. */
export function isSecretName(name: string): boolean {
  return mayBeSecretName(name) && hasWordOf(SECRET_WORDS, name);
}

const MAX_ASCII = 127;
const PERCENT = 37;
const LOWER_A = 97;
const LOWER_Z = 122;
const LETTER_BITS = 5;
const LETTER = 31;
const THREE_LETTERS = 32_767;

/** Adds a character to the last three letters of a word, which are 5 bits each. What is no letter is 0. */
function addLetter(letters: number, code: number): number {
  const lower = code | 32;
  const letter = lower >= LOWER_A && lower <= LOWER_Z ? lower & LETTER : 0;
  return ((letters << LETTER_BITS) | letter) & THREE_LETTERS;
}

/** 1 for the last three letters of secret words: a look at these takes a tenth of the time of a look at all words. */
const ENDS = /* @__PURE__ */ endsOfWords();

function endsOfWords(): Uint8Array {
  const ends = new Uint8Array(THREE_LETTERS + 1);
  for (const word of [...SECRET_WORDS, ...SECRET_ENDINGS]) {
    let letters = 0;
    for (const letter of word) letters = addLetter(letters, letter.charCodeAt(0));
    ends[letters] = 1;
  }
  return ends;
}

/** Whether a word in a part of a text may be secret, by its end. What is encoded or has accents may. */
export function mayBeSecretName(text: string, start = 0, end = text.length): boolean {
  let letters = 0;
  for (let i = start; i <= end; i++) {
    const code = i < end ? text.charCodeAt(i) : 0;
    const goesOn = code >= LOWER_A && code <= LOWER_Z;
    if (code > MAX_ASCII || code === PERCENT || (!goesOn && mayEndSecretWord(letters))) return true;
    letters = addLetter(letters, code);
  }
  return false;
}

/** A word of one or two letters may be the end of one that is written as several. */
function mayEndSecretWord(letters: number): boolean {
  const last = letters & LETTER;
  const isShort = letters >> (2 * LETTER_BITS) === 0 || ((letters >> LETTER_BITS) & LETTER) === 0;
  return last > 0 && (isShort || ENDS[letters] === 1);
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

/** What follows the `@` is neither a version (`react@18.2.0.js`) nor a density (`logo@2x.png`). */
const E_MAIL =
  /[^\s/@]@(?!\d+\.\d+\.\d+(?:[-.+]|$)|\d(?:\.\d)?x\.(?:png|jpe?g|gif|webp|avif|svg))[^\s/@]+\.\p{L}/iu;
const JSON_WEB_TOKEN = /(?:^|[^\w-])eyJ[\w-]+\./;
/** Credentials as in an Authorization header. `basic training` has none: what follows has no digit and no capital inside. */
const AUTHORIZATION =
  /\b(?:(?:[Bb]earer|BEARER|Basic|BASIC)\s+\S|(?:basic|[Dd]igest|[Nn]egotiate|NTLM|[Tt]oken)\s+\S*?(?:[\d=]|[a-z][A-Z]))/;

/** Whether text contains a token or credentials, whatever its name says. */
export function holdsCredentials(text: string): boolean {
  return holdsJsonWebToken(text) || AUTHORIZATION.test(text);
}

export function holdsJsonWebToken(text: string): boolean {
  return text.includes('eyJ') && JSON_WEB_TOKEN.test(text);
}

export function holdsEmail(text: string): boolean {
  return text.includes('@') && E_MAIL.test(text);
}
