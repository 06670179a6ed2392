import { isRecord } from '../../common/is-record.js';
import { headerAttributeOf } from '../parameters/attributes.js';
import { isNobody } from '../parameters/parameter-values.js';
import { keyedId, toFixedLength } from './visitor-id.js';

/** The source of a user ID: a header, or a claim of the bearer token. */
export type UserIdSource =
  | { readonly kind: 'header'; readonly header: string }
  | { readonly kind: 'claim'; readonly header: 'authorization'; readonly claim: string };

/** The sender of a request, as far as a header or a token names it. */
export type Identity =
  | { readonly kind: 'known'; readonly value: string }
  | { readonly kind: 'none' }
  /** The value is a token, which changes often. */
  | { readonly kind: 'token' }
  /** The bearer token is not a readable JSON Web Token. */
  | { readonly kind: 'unreadable' };

const CLAIM_PREFIX = 'jwt.';

/** Claims that name a user or a client, and stay the same from token to token. */
export const USER_ID_CLAIMS: readonly string[] = ['sub', 'client_id', 'azp'];

/** Node.js accepts 16 KiB of headers. In spans of other services, headers may have any length. */
const MAX_CHARACTERS = 16_384;
const MAX_CLAIM_CHARACTERS = 1024;

const NONE: Identity = { kind: 'none' };
const UNREADABLE: Identity = { kind: 'unreadable' };

/** The source that the option `userId` names; `undefined` if it is another attribute or a function. */
export function userIdSourceOf(userId: unknown): UserIdSource | undefined {
  if (typeof userId !== 'string') return undefined;
  const named = headerAttributeOf(userId);
  if (named?.direction === 'request') return { kind: 'header', header: named.header };
  if (!userId.startsWith(CLAIM_PREFIX)) return undefined;
  return { kind: 'claim', header: 'authorization', claim: userId.slice(CLAIM_PREFIX.length) };
}

/** Identifies the sender by the value of the header that a source names. */
export function identify(source: UserIdSource, header: string | undefined): Identity {
  if (header === undefined || header.length > MAX_CHARACTERS) return NONE;
  const { scheme, credentials } = splitScheme(header.trim());
  if (source.kind === 'claim') {
    return scheme === 'bearer' ? identifyByClaim(credentials, source.claim) : NONE;
  }
  const value = isCredentials(source.header) ? credentials : header.trim();
  if (isNobody(value)) return NONE;
  return isToken(value) || isToken(credentials) ? { kind: 'token' } : { kind: 'known', value };
}

/**
 * Creates a function that turns a user ID into a pseudonym, which is the same for the same value and key. Without the key, nobody can compute it
 * from the value. No pseudonym equals a visitor ID, because their hashed texts begin differently.
 */
export function createToPseudonym(key: string | Buffer): (value: string) => string {
  const secret = toFixedLength(key);
  return (value) => keyedId(secret, ['user id', value]);
}

function isCredentials(header: string): boolean {
  return header === 'authorization' || header === 'proxy-authorization';
}

const SCHEME = /^(?:basic|bearer|digest)$/i;

/** Splits a value such as `Basic YTpi` into scheme and credentials. A key alone has no scheme. */
function splitScheme(text: string): { scheme: string; credentials: string } {
  const space = text.search(/\s/);
  if (space < 0) return { scheme: '', credentials: SCHEME.test(text) ? '' : text };
  return { scheme: text.slice(0, space).toLowerCase(), credentials: text.slice(space).trim() };
}

/** Parts of a JSON Web Token: three if it is signed, five if it is encrypted. */
const TOKEN_PARTS: readonly number[] = [3, 5];

/** Whether a value is a JSON Web Token: its parts are in base64url, and the first part is an object. */
function isToken(value: string): boolean {
  const parts = value.split('.', 6);
  const [head = ''] = parts;
  const beginning = Buffer.from(head.slice(0, 8), 'base64url').toString('latin1');
  return TOKEN_PARTS.includes(parts.length) && beginning.trimStart().startsWith('{');
}

/** Reads a claim. The token is not verified, because the response shows whether the application has accepted it. */
function identifyByClaim(token: string, claim: string): Identity {
  const [, payload, signature, ...more] = token.split('.', 4);
  if (payload === undefined || signature === undefined || more.length > 0) return UNREADABLE;
  const json = Buffer.from(payload, 'base64url').toString('utf8');
  const claims = parseObject(json);
  if (claims === undefined) return UNREADABLE;
  const value = claimOf(claims, claim);
  const isNumber = typeof value === 'number' && value !== 0;
  const exact = isNumber ? claimOf(parseObject(withNumbersAsText(json)), claim) : value;
  if (typeof exact !== 'string') return NONE;
  const text = exact.trim();
  if (text.length > MAX_CLAIM_CHARACTERS || isNobody(text)) return NONE;
  return { kind: 'known', value: text };
}

function claimOf(claims: Readonly<Record<string, unknown>> | undefined, claim: string): unknown {
  return claims && Object.hasOwn(claims, claim) ? claims[claim] : undefined;
}

/** The error of the parser is not used, because its message contains a part of the token. */
function parseObject(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Quotes the numbers in valid JSON. The parser rounds numbers beyond 2^53, so that different users would become one. */
function withNumbersAsText(json: string): string {
  return json.replace(STRING_OR_NUMBER, (token) => (token[0] === '"' ? token : `"${token}"`));
}

const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
