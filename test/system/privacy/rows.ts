import { CHATGPT, FIREFOX } from '../../support/chatbots.js';
import { jwt } from '../../support/jwt.js';

/** What a request can make, and how a hit of that kind is recognized. */
export const KINDS = {
  page: /[?&]action_name=/,
  event: /[?&]e_c=table/,
  goal: /[?&]idgoal=7/,
  order: /[?&]ec_id=A-1/,
  error: /[?&]cvar=.*error_type/,
  'AI chatbot': /[?&]recMode=1/,
} as const;
export type Kind = keyof typeof KINDS;
/** A hit outside of a request. No option affects it. */
export const BACKGROUND = /[?&]uid=background/;

/** The claim of a token whose payload hides it. */
const SUBJECT = 'secret-subject';
const TOKEN = jwt({ sub: SUBJECT });
/** What the parser's message would quote. */
const UNREADABLE: string = Buffer.from('{"sub":"secret-unreadable').toString('base64url');

/** One option. To add one, add a row: all ways and kinds of hits are tested with it. */
export interface Row {
  readonly option: string;
  /** Without it, the secret is sent. Without a variable, it is never sent. */
  readonly env?: Readonly<Record<string, string>>;
  /** What no hit of the request may contain. */
  readonly secret: string;
  /** Of the request, appended to `/<kind>`. By default, a segment that is the secret. */
  readonly target?: string;
  /** Beside those of `SHOWN`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** If the option does not affect the others. */
  readonly kinds?: readonly Kind[];
}

/** Set in all ways, so that every kind of hit is sent and every secret could be. */
export const COMMON_ENV = {
  MATOMO_TOKEN_AUTH: 'a-token',
  MATOMO_TRUST_PROXY: 'true',
  MATOMO_CAPTURED_HEADERS: 'dnt,sec-gpc,cookie',
  MATOMO_MAX_EXPORT_BATCH_SIZE: '1000',
  MATOMO_USER_ID: 'http.request.header.x-api-key',
} as const;

/** A request that every option lets be tracked. */
export const SHOWN = {
  target: '/shown',
  headers: { cookie: 'consent=yes', 'x-forwarded-for': '198.51.100.1' },
} as const;

/** Kinds of hits with a referrer, and with the address of the client. */
const REFERRED: readonly Kind[] = ['page', 'event', 'goal', 'order'];
const ADDRESSED: readonly Kind[] = [...REFERRED, 'error'];

export const ROWS: readonly Row[] = [
  {
    option: 'doNotTrack, DNT',
    env: { MATOMO_DO_NOT_TRACK: 'true' },
    secret: 'secret-dnt',
    headers: { dnt: '1' },
  },
  {
    option: 'doNotTrack, Sec-GPC with several values',
    env: { MATOMO_DO_NOT_TRACK: 'true' },
    secret: 'secret-gpc',
    headers: { 'sec-gpc': '0, 1' },
  },
  {
    option: 'consent, missing',
    env: { MATOMO_CONSENT: 'cookie:consent=yes' },
    secret: 'secret-no-cookie',
    headers: { cookie: 'a=b' },
  },
  {
    option: 'consent, similar',
    env: { MATOMO_CONSENT: 'cookie:consent=yes' },
    secret: 'secret-yesno',
    headers: { cookie: 'consent=yesno' },
  },
  {
    option: 'ignorePatterns',
    env: { MATOMO_IGNORE_PATTERNS: 'secret-pattern' },
    secret: 'secret-pattern',
    kinds: ['page', 'error', 'AI chatbot'],
  },
  {
    option: 'anonymizeIp',
    env: { MATOMO_ANONYMIZE_IP: '2' },
    secret: '203.0.113.77',
    target: '/address',
    headers: { 'x-forwarded-for': '203.0.113.77' },
    kinds: ADDRESSED,
  },
  {
    option: 'query',
    env: { MATOMO_QUERY: 'strip' },
    secret: 'secret-query',
    target: '/query?note=secret-query',
  },
  {
    option: 'redactPathPatterns',
    env: { MATOMO_REDACT_PATH_PATTERNS: String.raw`secret-path-\d+` },
    secret: 'secret-path-1',
  },
  { option: 'urlPaths', env: { MATOMO_URL_PATHS: 'template' }, secret: '47114711' },
  {
    option: 'urlPaths, a referrer of the site',
    env: { MATOMO_URL_PATHS: 'template' },
    secret: '48114811',
    target: '/own',
    headers: { referer: '/48114811' },
    kinds: REFERRED,
  },
  {
    option: 'referrers',
    env: { MATOMO_REFERRERS: 'origin' },
    secret: 'secret-referrer',
    target: '/referrer',
    headers: { referer: 'https://ref.example/secret-referrer' },
    kinds: REFERRED,
  },
  {
    option: 'query, of a referrer',
    env: { MATOMO_QUERY: 'strip' },
    secret: 'secret-note',
    target: '/referrer-query',
    headers: { referer: 'https://ref.example/?note=secret-note' },
    kinds: REFERRED,
  },
  {
    option: 'none, a cookie',
    secret: 'secret-cookie',
    target: '/cookie',
    headers: { cookie: 'consent=yes; session=secret-cookie' },
  },
  {
    option: 'none, credentials',
    secret: 'secret-credentials',
    target: '/credentials',
    headers: { authorization: 'Bearer secret-credentials' },
  },
  {
    option: 'none, a key that makes the user ID',
    secret: 'secret-user-key',
    target: '/user-key',
    headers: { 'x-api-key': 'secret-user-key' },
  },
  {
    option: 'none, a token',
    secret: TOKEN.split('.')[1] as string,
    target: '/token',
    headers: { authorization: `Bearer ${TOKEN}`, 'x-note': 'Bearer secret-bearer' },
  },
  {
    option: 'none, a token that cannot be read',
    secret: UNREADABLE,
    target: '/unreadable',
    headers: { authorization: `Bearer e30.${UNREADABLE}.c2ln` },
  },
  // Which paths are redacted, and what is sent instead: test/contracts/hit/redaction.test.ts.
  { option: 'none, a token in the path', secret: 'npm_4fK2mQ7xT9vB1nL6pR3sW8zD5hJ0cY2aGt4E' },
  { option: 'none, an email address in the path', secret: 'ada@example.org' },
  {
    option: 'none, what follows a secret word in the path, and in that of a referrer',
    secret: '9fk2mq7x',
    target: '/reset-password/9fk2mq7x',
    headers: { referer: 'https://ref.example/bot123456789:9fk2mq7xK2mQ7xT9vB1nL6pR3sW8zD5hJ0c/a' },
  },
  { option: 'none, the message of an exception', secret: 'secret-message', target: '/message' },
  { option: 'none, free text in the code of an error', secret: 'secret-code', target: '/code' },
];

export interface TableRequest {
  readonly kind: Kind;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
}

type Requested = Pick<Row, 'target' | 'headers' | 'kinds'> & { readonly secret?: string };

function requestOf(
  kind: Kind,
  { secret, target = `/${secret}`, headers }: Requested,
): TableRequest {
  const userAgent = kind === 'AI chatbot' ? CHATGPT : FIREFOX;
  const [name] = kind.split(' ');
  const all = { ...SHOWN.headers, ...headers, 'user-agent': userAgent };
  return { kind, target: `/${name}${target}`, headers: all };
}

export const kindsOf = ({ kinds }: Pick<Row, 'kinds'>): readonly Kind[] =>
  kinds ?? (Object.keys(KINDS) as Kind[]);

/** The kinds of the hits that contain a text. */
export const kindsWith = (sent: readonly string[], text: string): string[] =>
  Object.entries(KINDS).flatMap(([kind, isOf]) =>
    sent.some((hit) => isOf.test(hit) && hit.includes(text)) ? kind : [],
  );

/** The requests of rows, and behind them one of each kind that is tracked. */
const requestsOf = (rows: readonly Row[]): readonly TableRequest[] =>
  [...rows, SHOWN].flatMap((row: Requested) => kindsOf(row).map((kind) => requestOf(kind, row)));

export const REQUESTS = requestsOf(ROWS);
/** The same with one kind of each row, in turns: ways that share the code that makes hits need no more. */
export const REQUESTS_IN_TURNS = requestsOf(
  ROWS.map((row, i) => {
    const kinds = kindsOf(row);
    return { ...row, kinds: [kinds[i % kinds.length] as Kind] };
  }),
);
/** The environment with all options. */
export const ENV: Readonly<Record<string, string>> = Object.assign(
  {},
  COMMON_ENV,
  ...ROWS.map(({ env }) => env),
);
