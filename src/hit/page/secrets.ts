/** Replaces what was removed. */
export const REDACTED = 'redacted';

/** Words that mark a value as a credential: of OAuth 2 and OpenID Connect, API keys, signed URLs, sessions, webhooks. */
const CREDENTIAL_WORDS = /* @__PURE__ */ wordsOf(`
  tokens secrets pw otp totp key keys auth oauth authorization authentication bearer cookie session sessionid sessid sid jwt saml
  samlresponse samlrequest samlart wresult assertion signature sig hmac dpop verifier nonce wpnonce csrf xsrf magiclink sso mfa
  webhook webhooks cred creds sess tkn macaroon psw pswd passw pword`);

/**
 * The same with words for personal data, cards and links that log in. Not for headers, where `x-country-code` is none. In English and
 * German, without accents; passwords also in other languages.
 */
const SECRET_WORDS = /* @__PURE__ */ wordsOf(
  `pass pin puk mnemonic ticket code email mail phone ssn iban cvv cvc magic invite invitation reset verify verification activate activation
  confirm confirmation unsubscribe geheimnis schluessel schlussel zugangscode
  sitzung signatur einladung telefon telefonnummer handynummer mdp contrasena senha wachtwoord haslo`,
  CREDENTIAL_WORDS,
);

/** Endings of names without separators, such as `csrfmiddlewaretoken`, and of up to three words, such as `mot_de_passe`. */
const SECRET_ENDING =
  /(?:token|secret|password|passwd|passphrase|passcode|pwd|(?:db|user)pass|(?:access|activation|auth|confirmation|invitation|invite|login|otp|recovery|reset|security|sms|verification)code|(?:access|api|app|auth|private|secret|session)key|(?<!as|pos)sess(?:ion)?id|credentials?|creditcard|cardnumber|phonenumber|passwort|kennwort|kreditkarte|kartennummer|motdepasse)$/;
const MAX_WORDS_OF_AN_ENDING = 3;

/** Two words of which the second one alone is secret. Not `postal code`: that says where somebody lives. */
const PUBLIC_PAIRS: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'country code',
  'currency code',
  'error code',
  'lang code',
  'language code',
  'locale code',
  'product code',
  'status code',
  'i phone', // iPhone
]);

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

function hasWordOf(secretWords: ReadonlySet<string>, name: string): boolean {
  if (/^[a-z]*$/.test(name)) return secretWords.has(name) || SECRET_ENDING.test(name);
  const plain = /^[ -~]*$/.test(name) ? name : withoutAccents(name);
  const words = `${wordsIn(plain)} ${plain.toLowerCase()}`.split(/[^a-z]+/);
  return words.some((word, i) => {
    if (secretWords.has(word) && !PUBLIC_PAIRS.has(`${words[i - 1]} ${word}`)) return true;
    const start = Math.max(0, i + 1 - MAX_WORDS_OF_AN_ENDING);
    return SECRET_ENDING.test(words.slice(start, i + 1).join(''));
  });
}

/** A name in lower case, with its words apart. */
function wordsIn(plain: string): string {
  return plain
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase();
}

/** Names whose last word is one of these may have a user and a password as their value, as in HTTP Basic. */
const LOGIN_WORDS = /* @__PURE__ */ wordsOf('login logon user username userpwd usr basic account');
/** Names with one of these words may have a signature, or no more than a name: `sign=leo`. */
const SIGNATURE_WORDS = /* @__PURE__ */ wordsOf('sign hash checksum digest mac md sha');

/** Whether a value is secret because of its name. */
export type SecretForm = (value: string) => boolean;

/** Of a secret name, every value. */
export const ANY_VALUE: SecretForm = () => true;
const NO_VALUE: SecretForm = () => false;

/**
 * Which values of a name are secret. `access_token`, `X-Api-Key` and `sessionId` are secret names because of one of their words; `authors`
 * and `keyring` are not. `operationName` is that of GraphQL.
 */
export function secretFormOf(name: string): SecretForm {
  if (hasWordOf(SECRET_WORDS, name)) return ANY_VALUE;
  const words = wordsIn(name).match(/[a-z]+/g) ?? [];
  if (LOGIN_WORDS.has(words.at(-1) ?? '')) return holdsPassword;
  if (words.some((word) => SIGNATURE_WORDS.has(word))) return holdsSignature;
  return words.join(' ') === 'operation name' ? isSecretOperation : NO_VALUE;
}

/** Not a URL or a time. */
const USER_AND_PASSWORD = /^(?!\d*:)[^\s+:/?#]+:[^\s+/]/;
const BASE64 = /^[\w+/-]{8,}={0,2}$/;

function holdsPassword(value: string): boolean {
  if (USER_AND_PASSWORD.test(value)) return true;
  return (
    BASE64.test(value) && /^[!-9;-~]+:[ -~]+$/.test(Buffer.from(value, 'base64').toString('latin1'))
  );
}

/** A hash or an encoded digest. */
function holdsSignature(value: string): boolean {
  const runs = value.match(/[\da-z]{16,}/gi) ?? [];
  return runs.some((run) => /\d/.test(run)) || isToken(value.replace(/[+/=\s]/g, 'x'));
}

function withoutAccents(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[łŁøØđĐıß]/g, (letter) => PLAIN_LETTERS[letter] as string);
}

/** What follows the `@` is neither a version (`react@18.2.0.js`) nor a density (`logo@2x.png`). A Chinese or Japanese full stop separates, too. */
const E_MAIL =
  /[^\s/@]@(?!\d+\.\d+\.\d+(?:[-.+]|$)|\d(?:\.\d)?x\.(?:png|jpe?g|gif|webp|avif|svg))[^\s/@]+[.\u3002]\p{L}/iu;
/** Credentials as in an Authorization header. `basic training` has none: what follows has no digit and no capital inside. */
const AUTHORIZATION =
  /\b(?:(?:[Bb]earer|BEARER|Basic|BASIC)\s+\S|(?:basic|[Aa]pi[Kk]ey|[Dd]igest|[Nn]egotiate|NTLM|[Tt]oken)\s+\S*?(?:[\d=]|[a-z][A-Z]))/;

/**
 * JSON Web Tokens, whose first part is an object, which may have a space or a line break after the brace; and keys that begin as their
 * services define it: OpenAI, Anthropic, Stripe, GitHub, npm, Hugging Face, Shopify, DigitalOcean, GitLab, PyPI, Google, Slack, AWS.
 */
const KEY =
  /(?:^|[^\w-])(?:e(?:y[AJ]|wo[gJ]|w0K)[\w-]+\.|sk-(?:proj|ant|or|svcacct|admin)-[\w-]{8,}|[sr]k_(?:live|test)_\w{8,}|(?:sk-|whsec_|gh[oprsu]_|github_pat_|npm_|hf_|shp[ac]t_|dop_v1_|AKIA|ASIA)[A-Za-z\d]{16,}|(?:glpat-|pypi-|AIza)[\w-]{20,}|xox[a-z]-[\w-]{16,})/;

/**
 * Segments of paths that are secrets: the token of a bot of Telegram, a telephone number, the secret address of a calendar in Google
 * Calendar, and the token with which Django resets a password.
 */
const SECRET_SEGMENTS: readonly RegExp[] = [
  /^bot\d+:[^/]/i,
  /^[^\w+]*(?:[a-z]+:)?\+(?:[\s+().-]*\d){6,20}\W*$/i,
  /^private-[\da-f]{20,}\W*$/,
  /^[\da-z]{6}-[\da-f]{32}\W*$/,
];

/** What may follow a segment in decoded text: parameters, and the method of a resource. */
const PARAMETERS = /(?<=[\w-])(?:[;&].*|:[a-z]+$)/is;

/** Whether text contains a token or key of a known form. */
export function holdsKey(text: string): boolean {
  return KEY.test(text);
}

/** Whether text contains a token or credentials, whatever its name says. */
export function holdsCredentials(text: string): boolean {
  return holdsKey(text) || AUTHORIZATION.test(text);
}

export function holdsEmail(text: string): boolean {
  return text.includes('@') && E_MAIL.test(text);
}

/** Whether a decoded segment of a path is or contains a secret, whatever precedes it. */
export function isSecretSegment(segment: string): boolean {
  if (holdsKey(segment) || holdsEmail(segment)) return true;
  const head = segment.replace(PARAMETERS, '').replace(DATA_ENDING, '');
  return (
    isToken(head) || SECRET_SEGMENTS.some((pattern) => pattern.test(segment) || pattern.test(head))
  );
}

/** React Router, Remix and Next.js request the data of a page by its path and such an ending. */
const DATA_ENDING = /\.(?:data|json)$/;

export const MIN_TOKEN_LENGTH = 20;
/**
 * The last part of a segment, because libraries put the signature there: `ImFk….ZyXw3A.Kd2m…`, `v4.local.Kd2m…`. Texts and mails add
 * punctuation to links. An `@` before it makes it the name of an account.
 */
const TOKEN = /(?:^|[^\w@-])([\w-]{20,})[^\w-]*$/;

const WORDS = /[^-_]+/g;
/**
 * Where a word changes between letters, capitals and digits, a part ends: `iPhone` and `15`. A word of one case, such as the model
 * `UE55CU7179` or a hash, is one part, unless it is as long as a token in capitals.
 */
const PARTS = /(?<![^-_])(?:[A-Z\d]{1,19}|[a-z\d]+)(?![^-_])|\d+|[A-Z]?[a-z]+|[A-Z]+/g;
const RUNS = /\d+|[A-Z]?[a-z]+|[A-Z]+/g;
/** The runs of a name such as `GetCustomerByIdAndRegion2` are at least that long on average; of random tokens, those of less than 1 % are. */
const MIN_RUN_LENGTH = 3.5;

/**
 * Words joined by two or more hyphens or underscores are not a token, but those of a token have more parts: `sk-proj-…`. Neither are names
 * of longer words.
 */
export function isToken(segment: string): boolean {
  if (segment.length < MIN_TOKEN_LENGTH) return false;
  const token = TOKEN.exec(segment.replace(DATA_ENDING, ''))?.[1];
  if (token === undefined || !isMixed(token)) return false;
  const words = countOf(WORDS, token);
  if (words > 2) return countOf(PARTS, token) > 2 * words;
  return countOf(RUNS, token) * MIN_RUN_LENGTH > token.length;
}

/** A long hash or number, a ULID, a UUID. */
const OPAQUE =
  /(?<![\da-z])(?:(?=[a-f]{0,64}\d)[\da-f]{16,}|[0-7][\da-hjkmnp-tv-z]{25}|[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12})(?![\da-z])/i;

/**
 * Whether a name that clients can invent, such as that of an operation, is or contains a secret or an ID: no program has such names. In
 * base64, a token can have slashes.
 */
export function isSecretOperation(name: string): boolean {
  if (holdsCredentials(name) || OPAQUE.test(name) || isToken(name.replaceAll('/', ''))) return true;
  return name.split(/[./:\s+]+/).some(isToken);
}

function countOf(pattern: RegExp, text: string): number {
  return text.match(pattern)?.length ?? 0;
}

function isMixed(text: string): boolean {
  return /\d/.test(text) && /[A-Z]/.test(text) && /[a-z]/.test(text);
}
