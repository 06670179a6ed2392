/** A header that the name of an attribute means. */
export interface HeaderAttribute {
  readonly direction: 'request' | 'response';
  /** In lower case. */
  readonly header: string;
}

/** The attributes of OpenTelemetry that have headers. */
const PREFIX = /^http\.(request|response)\.header\./;

/** Words of names whose values are secrets. */
const SECRET_WORDS: ReadonlySet<string> = new Set([
  'token',
  'secret',
  'password',
  'passwd',
  'key',
  'apikey',
  'accesskey',
  'accesstoken',
  'auth',
  'authtoken',
  'authorization',
  'jwt',
  'assertion',
  'signature',
  'session',
  'sessionid',
  'sid',
  'credential',
  'credentials',
  'cookie',
]);

/** Names one request, and opens nothing. */
const IDEMPOTENCY_KEY = /^(?:x[-_])?idempotency[-_]key$/;

/** `undefined` if the attribute has no header. */
export function headerAttributeOf(attribute: string): HeaderAttribute | undefined {
  const match = PREFIX.exec(attribute);
  if (!match) return undefined;
  const header = attribute.slice(match[0].length).toLowerCase();
  return { direction: match[1] as HeaderAttribute['direction'], header };
}

/** Whether the name of a header says that its value is a secret. */
export function isSecretHeader(header: string): boolean {
  if (IDEMPOTENCY_KEY.test(header)) return false;
  return header.split(/[-_]/).some((word) => SECRET_WORDS.has(word));
}
