import { remember } from '../../common/recent-texts.js';
import { decodePath, MAX_PATTERN_INPUT, withoutUserInfo } from '../text.js';

// Redaction is an allowlist. A text is sent only if it is plain: short, decoded once, made of letters, digits and a few signs, and neither its
// name nor its form suggests a secret. Everything else is replaced.

/** Replaces text that is not sent. */
export const REDACTED = 'redacted';

/** Words in names whose values are secrets: credentials, login links, cards, and contact data of a person. */
const WORDS: ReadonlySet<string> = /* @__PURE__ */ new Set(
  `pass pw pin puk otp totp key keys auth oauth authorization authentication basic cookie sid sig assertion wresult verifier ticket code
  email mail ssn iban cvv cvc magic magiclink invite invitation reset verify verification activate activation confirm confirmation
  unsubscribe sso mfa dpop mdp senha haslo cred creds sess`.split(/\s+/),
);
/** Matches secret words within names, such as `csrfmiddlewaretoken`, `mot_de_passe` or `tok-en`. */
const PARTS =
  /tokens?(?!iz)|tkn|secret|passw|passphrase|passcode|(?:db|user)pass|pwd|psw|pword|credential|(?<!pos)session(?!s(?![a-z]))|(?<!as)sess(?:ion)?id|bearer|jwt|saml|csrf|xsrf|nonce|hmac|signatur|macaroon|mnemonic|webhook|(?:access|api|app|auth|private|secret)key|(?:access|activation|auth|confirmation|invit\w*|login|otp|recovery|reset|security|sms|verification)code|creditcard|cardnumber|phone|kennwort|geheimnis|schlu?e?ssel|zugangscode|sitzung|einladung|telefon|handynummer|kreditkarte|kartennummer|motdepasse|contrasen|wachtwoord/;
/** Matches names that contain a secret word, but whose values are not secret. */
const PUBLIC =
  /(?<![a-z])(?:(?:country|currency|error|lang|language|locale|product|status)_code|i_?phone|idempotency_key)(?![a-z])/g;

/**
 * Whether the name of a parameter or header says that its value is a
 * secret. Short names are cached, because most requests repeat them.
 */
export const isSecretName = /* @__PURE__ */ remember(
  512,
  (name: string): boolean => {
    if (/^[a-z]*$/.test(name)) return WORDS.has(name) || (PARTS.test(name) && name !== 'iphone');
    const words = (/^[ -~]*$/.test(name) ? name : withoutAccents(name))
      .replace(/([a-z\d])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3_$2')
      .toLowerCase()
      .replace(/[^a-z]+/g, '_')
      .replace(PUBLIC, '');
    return (
      PARTS.test(words.replaceAll('_', '')) || words.split('_').some((word) => WORDS.has(word))
    );
  },
  (_, name) => /^[A-Za-z_-]{1,15}$/.test(name),
);

function withoutAccents(name: string): string {
  return name.normalize('NFKD').replace(/\p{M}/gu, '').replace(/ß/g, 'ss').replace(/[łŁ]/g, 'l');
}

const MAX_NAME = 60;

/** Whether a segment marks the next one as a secret. `email` and `mail` do not, because an ID follows. Text with spaces is not a name. */
const isSecretWord = /* @__PURE__ */ remember(
  512,
  (word: string): boolean =>
    word.length <= MAX_NAME && !/\s/.test(word) && isSecretName(word.replace(/e?mails?/gi, '')),
  (_, word) => /^[A-Za-z_-]{1,15}$/.test(word),
);

/**
 * Matches letters of any script, digits, spaces and the usual punctuation. An apostrophe is behind a letter, an `@` begins a scope or a
 * version but no address, `<` and `>` compare, and `%` is no escape.
 */
const PLAIN =
  /^(?:[\p{L}\p{M}\p{N}\p{Sc}\p{So}\p{Pd} .,_:+/!*()|~?&#"^[\]“”„«»「」《》…·・、。！？¿¡§×′″]|(?<=\p{L})['’]|(?<!\S)@(?=\p{L})|(?<=\p{L})@(?=\d+[.x](?!\d+\.\d+\.\d))|(?<= )[<>](?= )|%(?!u?[\dA-Fa-f]{2}))*$/u;
const PLAIN_NAME = /^[\p{L}\p{N}_.$[\]:~ -]*$/u;

/**
 * Matches keys by the prefixes of their services, JSON Web Tokens, credentials as in a header, telephone numbers, card numbers, and email
 * addresses whose domain begins with a digit.
 */
const SECRET_FORMS = [
  /(?<![\w-])(?:e(?:y[AJ]|wo[gJ]|w0K)[\w-]+\.|(?:sk|rk|pk|gh[oprsu]|github_pat|npm|hf|shp[ac]t|dop_v1|glpat|pypi|whsec|xox[a-z]|xapp)[-_](?=[\w-]*\d)[\w-]{16,}|sk-(?:proj|ant|or|svcacct|admin)-[\w-]{8}|(?:sk-|whsec_|gh[oprsu]_|glpat-|github_pat_|npm_|hf_|shp[ac]t_|dop_v1_)[A-Za-z\d]{16}|[sr]k_(?:live|test)_|A[KS]IA[A-Za-z\d]{16}|AIza[\w-]{20}|bot\d+:|private-[\da-f]{20}|[\da-z]{6}-[\da-f]{32})/,
  /\b(?:(?:[Bb]earer|BEARER|Basic|BASIC)\s+\S|(?:basic|[Aa]pi[Kk]ey|[Dd]igest|[Nn]egotiate|NTLM|[Tt]oken)\s+\S*?(?:[\d=]|[a-z][A-Z]))/,
  /(?<!\w)\+(?:[\s()./·\p{Pd}]*\d){6}|(?<![\da-f-])(?:(?:\d{4}[ ·\p{Pd}]){3}\d{4}|3[47]\d\d[ ·\p{Pd}]\d{6}[ ·\p{Pd}]\d{5})(?![\da-f-])/u,
  /@\d[^\s@/]*\.\p{L}/u,
];
/** Matches cards of Visa, Mastercard, American Express and others, in queries only: in paths, IDs are as long. */
const CARD = /(?<!\d)(?:3[47]\d{13}|[2-6]\d{15})(?!\d)/;

export function hasSecretForm(text: string): boolean {
  return SECRET_FORMS.some((form) => form.test(text));
}

/** Matches a piece of text and the separator behind it. Spaces separate words, which are not names. */
const PIECES = /([^\s:,/?&#"()|“”„«»「」《》]*)(\s*:\s*|\s+|[,/?&#"()|“”„«»「」《》]|$)/g;
/** Matches text that is neither a name nor a value: versions, also of protocols, methods of authentication, and punctuation. */
const NEUTRAL =
  /^(?:v\d{1,3}(?:\.\d+)*(?:(?:alpha|beta)\d*)?|(?:oauth|saml)-?[12](?:\.\d)?|2fa|u2f|fido2|web3|auth0|\d(?:\.\d{1,2}){1,2}|[ -/:-@[-`{-~]*)$/i;
/** Matches IDs of pages: ULIDs, cuids, xids and others without capitals, also behind a prefix as in TypeIDs. */
const ID = /^(?:([a-z]{1,20})_)?(?:[a-z\d]{20,32}|[0-7][\dA-HJKMNP-TV-Z]{25})$/;

/** Parts of a URL with different rules: paths have IDs that look like tokens, and values of campaigns are tokens. */
type UrlPart = 'path' | 'query' | 'campaign';
const MAX_LENGTH = { path: 300, query: 100, campaign: 100 } as const satisfies Record<
  UrlPart,
  number
>;

/**
 * Whether a text, decoded once, may be sent: it has only plain characters, does not look like a secret, and has no value behind a secret
 * name. Text behind a name is a value if it is long or has a digit. In a query, all text behind a colon is a value.
 */
function isPlain(text: string, part: UrlPart): boolean {
  if (text.length > MAX_LENGTH[part] || !PLAIN.test(text) || hasSecretForm(text)) return false;
  if (part === 'path') {
    const [id, prefix = ''] = ID.exec(text) ?? [];
    if (id !== undefined) return !isSecretName(prefix);
  } else {
    if (text.startsWith('/') && redactSecrets(text) !== text) return false;
    if (/\/\/|:\//.test(text) || CARD.test(text)) return false;
  }
  let isAfter = false;
  let isSure = false;
  for (const [, piece = '', separator = ''] of text.matchAll(PIECES)) {
    if (part !== 'campaign' && isToken(piece)) return false;
    if (!NEUTRAL.test(piece)) {
      if (isAfter && (isSure || isValue(piece))) return false;
      isAfter = isSecretName(piece);
    }
    const isColon = separator.includes(':');
    if (!isColon && (part === 'campaign' || /\s/.test(separator))) isAfter = false;
    isSure = (isColon || (isSure && piece === '')) && part !== 'path';
  }
  return true;
}

function isValue(text: string): boolean {
  return text.length >= MIN_TOKEN || /\d/.test(text);
}

const WORDS_ONLY = /^(?:\/(?![sr]k[-_])[A-Za-z_-]{0,19})*$/;
const WORD = /^(?![sr]k[-_])[A-Za-z_-]{0,19}$/;
/** Matches most segments: numbers, IDs, names, slugs, dates and UUIDs, which are secrets only after a secret word. */
const QUICK_SEGMENT =
  /^(?:(?![sr]k_)[A-Za-z][\w-]{0,14}|\d{1,19}|[a-z\d]{20,32}|(?!(?:\d{4}-){3}\d{4}$|(?:sk|glpat|pypi|xox[a-z])-)[a-z\d]{1,19}(?:-[a-z\d]{1,19}){1,14})$/;

/**
 * Redacts the secrets of a path. A segment is replaced if it is not plain, or if it is a value after a secret word. Values that follow it are
 * replaced, too, as in `/webhooks/<id>/<secret>/messages`. Matrix parameters are removed.
 */
function redactSecrets(path: string): string {
  if (WORDS_ONLY.test(path)) return path;
  let sent = '';
  let copied = 0;
  let word = '';
  for (let start = 0, end = 0; start < path.length; start = end + 1) {
    const slash = path.indexOf('/', start);
    end = slash < 0 ? path.length : slash;
    const segment = path.slice(start, end);
    if (WORD.test(segment)) {
      if (/[a-z]/i.test(segment)) word = segment;
      continue;
    }
    const isQuick = QUICK_SEGMENT.test(segment);
    const head = isQuick ? segment : (segment.split(';', 1)[0] as string);
    const text = isQuick ? segment : decodePath(head);
    const isNeutral = NEUTRAL.test(text);
    const isAfter = !isNeutral && isValue(text) && isSecretWord(word);
    const isSecret = isAfter || (!isQuick && !isPlain(text, 'path'));
    if (isSecret || head !== segment) {
      sent += path.slice(copied, start) + (isSecret ? REDACTED : head);
      copied = end;
    }
    if (!isSecret && !isNeutral) word = text;
  }
  return sent + path.slice(copied);
}

/** Matches most parameters. Such a parameter is secret only if its name says so. */
const QUICK_PAIR = /^[a-z_]{1,20}=(?!ey[AJ]|[sr]k_)[\w.,-]{0,14}$/i;
/** Names of campaign parameters, whose values Matomo reads although some look like tokens. */
const CAMPAIGN = /^(?:(?:utm|mtm|pk|piwik|matomo)_|(?:gclid|fbclid|msclkid|srsltid|[wg]braid)$)/i;
/** Names whose values are a user and a password, if they have a colon. */
const LOGIN = /(?:log[io]n|user(?:name|pwd)?|usr|account)$/i;
/** Names whose values are a signature or hash, if they are long. */
const SIGNATURE =
  /(?:^|[^a-z])(?:api_?)?(?:sign|hash|checksum|digest|mac|md5|sha\d+)(?![a-z])|Sign/;
const LONG_HASH = /(?=[a-z]*\d)[\da-z]{16}/i;
/** Matches a plus sign that stands for a space, unlike that of a telephone number. */
const SPACE = /\+(?!(?<![\w.]\+)(?:(?:[()./-]|%[\dA-F]{2})*\d){6})/gi;

/** Redacts a parameter: returns it unchanged, or its name with `redacted` as the value, or only `redacted`. */
export function redactPair(pair: string): string {
  const equals = pair.indexOf('=');
  if (QUICK_PAIR.test(pair)) {
    const name = pair.slice(0, equals);
    return isSecretName(name) ? `${name}=${REDACTED}` : pair;
  }
  const value = decodePath(pair.slice(equals + 1).replace(SPACE, ' '));
  if (equals < 0) return isPlainValue(value) ? pair : REDACTED;
  const encoded = pair.slice(0, equals);
  const name = decodePath(encoded.replaceAll('+', ' '));
  if (name.length > MAX_NAME || !PLAIN_NAME.test(name) || !isPlain(name, 'query')) return REDACTED;
  return isSecretParameter(name, value) ? `${encoded}=${REDACTED}` : pair;
}

function isSecretParameter(name: string, value: string): boolean {
  if (isSecretName(name)) return true;
  if (!isPlain(value, CAMPAIGN.test(name) ? 'campaign' : 'query')) return true;
  if (LOGIN.test(name) && value.includes(':')) return true;
  if (SIGNATURE.test(name) && LONG_HASH.test(value)) return true;
  return name === 'operationName' && isSecretOperation(value);
}

/** Whether the text of a query or a fragment, decoded once, may be sent. */
export function isPlainValue(text: string): boolean {
  return isPlain(text, 'query');
}

const PARAMETER = /^(?::\w|[*($])|[{}<>[\]]/;

/** Redacts a route, or the name of a span, which may contain a route. Parameters of the route are neither secrets nor secret words. */
export function redactRoute(route: string): string {
  const segments = withoutUserInfo(cutAtSegment(route)).split('/');
  const plain = segments.map((each) => (PARAMETER.test(each) ? '*' : each)).join('/');
  return redactSecrets(plain)
    .split('/')
    .map((sent, i) => (sent === '*' || /^[a-z_-]+$/.test(segments[i] ?? '') ? segments[i] : sent))
    .join('/');
}

/**
 * Redacts a path: secrets (unless `keepsSecrets`), and text that a pattern matches, as sent or decoded. The end of a long path is replaced,
 * because it is not tested.
 */
export function createRedactPath(
  patterns: readonly RegExp[],
  keepsSecrets = false,
): (path: string) => string {
  const redact = (path: string) => (keepsSecrets ? path : redactSecrets(cutAtSegment(path)));
  if (patterns.length === 0) return redact;
  const all = patterns.map(({ source, flags }) => new RegExp(source, `${flags.replace('g', '')}g`));
  const replace = (text: string) =>
    all.reduce(
      (each, pattern) => each.slice(0, MAX_PATTERN_INPUT).replace(pattern, REDACTED),
      text,
    );

  return function redactPath(path) {
    let text = cutAtSegment(redact(path));
    if (text.includes('%')) {
      text = text.replace(/[^/]*%[^/]*/g, (segment) =>
        all.some((pattern) => decodePath(segment).search(pattern) >= 0) ? REDACTED : segment,
      );
      const decoded = decodePath(text.replace(/%(?=2[5f])/gi, '%25'));
      const replaced = replace(decoded);
      // Characters that a client has encoded without need are decoded, as in URLs.
      if (replaced !== decoded)
        text = replaced.replace(/[^!-~\ud800-\udfff]+/g, encodeURIComponent);
    }
    text = replace(text);
    return text.startsWith('/') ? text : `/${text}`;
  };
}

/** Replaces the end of a path that is longer than the text that patterns test, from the beginning of a segment on. */
export function cutAtSegment(path: string): string {
  if (path.length <= MAX_PATTERN_INPUT) return path;
  const end = path.lastIndexOf('/', MAX_PATTERN_INPUT - REDACTED.length - 1) + 1;
  return path.slice(0, end) + REDACTED;
}

const MIN_TOKEN = 20;
/** Matches what may be a token, also before the ending of a file. */
const LONG_PARTS = /(?<![\w@-])[\w-]{20,}(?![\w-])/g;
const RUNS = /\d+|[A-Z]?[a-z]+|[A-Z]+/g;
/** Matches words and runs of letters or digits. A word may have both, such as the model of a product in capitals. */
const WORDS_AND_RUNS = /(?<![^-_])(?:[A-Z\d]{1,19}|[a-z\d]+)(?![^-_])|\d+|[A-Z]?[a-z]+|[A-Z]+/g;
/** Runs of letters or digits in names are at least this long on average. Few random tokens have such long runs. */
const MIN_RUN = 3.5;

/** Matches a long run of one case that is neither a hash nor a ULID. */
const LONG_RUN =
  /(?<![a-z\d])(?!(?:[a-f\d]+|[0-7][\da-hjkmnp-tv-z]{25})(?![a-z\d]))(?=[a-z]*\d)[a-z\d]{20}/i;

/** Whether a text has a random token: at least 20 letters of one case and digits that are no hash, or of both cases in short runs. */
export function isToken(text: string): boolean {
  if (text.length < MIN_TOKEN) return false;
  return text.slice(-MAX_LENGTH.path).match(LONG_PARTS)?.some(isRandom) ?? false;
}

function isRandom(token: string): boolean {
  if (!/\d/.test(token)) return false;
  const isMixed = /[A-Z]/.test(token) && /[a-z]/.test(token);
  if (!isMixed) return LONG_RUN.test(token);
  const words = token.match(/[^-_]+/g)?.length ?? 0;
  if (words > 2) return (token.match(WORDS_AND_RUNS)?.length ?? 0) > 2 * words;
  return (token.match(RUNS)?.length ?? 0) * MIN_RUN > token.length;
}

/** Matches a long hash or number, a ULID, and a UUID. */
const OPAQUE =
  /(?<![\da-z])(?:(?=[a-f]{0,64}\d)[\da-f]{16,}|[0-7][\da-hjkmnp-tv-z]{25}|[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12})(?![\da-z])/i;

/** Whether a name that clients can invent, such as that of an operation, contains a secret or an ID. No program has such names. */
export function isSecretOperation(name: string): boolean {
  if (OPAQUE.test(name) || isToken(name.replaceAll('/', ''))) return true;
  return hasSecretForm(name) || name.split(/[./:\s+]+/).some(isToken);
}
