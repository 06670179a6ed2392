import { show } from '../common/diagnostics.js';
import { isRecord } from '../common/is-record.js';
import { isSecretName } from '../hit/page/redact.js';
import { headerAttributeOf } from '../hit/parameters/attributes.js';
import { USER_ID_CLAIMS, userIdSourceOf } from '../hit/visitor/pseudonym.js';
import {
  invalid,
  isVariable,
  type OptionError,
  optionError,
  type Parser,
  parser,
  showValue,
} from './parser.js';
import { PAIRS } from './syntax.js';

/** In lower case. */
export const HEADER_NAME: RegExp = /^[!#$%&'*+\-.^_`|~\da-z]+$/;
/** Without line breaks, which would end the header. */
const VALUE = /^[\x20-\x7e\x80-\xff]+$/;
/** The client sets these itself. */
const OF_THE_REQUEST =
  /^(?:accept-encoding|connection|content-(?:encoding|length|type)|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade)$/;

const PAIRS_OF_HEADERS =
  'names and values of HTTP headers, such as authorization=Basic …, in code an object, such as Object.fromEntries(headers); its value is not shown, because it may be secret';

/**
 * Headers by lower-case name. Errors never show a value. They name the header only in code: if the text of a variable cannot be
 * parsed, all of it may be a secret.
 */
export const headers: Parser<Readonly<Record<string, string>>> = parser(
  PAIRS_OF_HEADERS,
  (value, name) => {
    if (!isRecord(value)) throw notPairs(name);
    const parsed: Record<string, string> = {};
    for (const [key, content] of Object.entries(value)) {
      const header = key.trim().toLowerCase();
      const text = typeof content === 'string' ? content.trim() : '';
      if (!HEADER_NAME.test(header)) throw notPairs(name);
      if (!VALUE.test(text)) throw isVariable(name) ? notPairs(name) : notText(name, header);
      if (OF_THE_REQUEST.test(header)) throw optionError(`${name} must not set ${header}`);
      parsed[header] = text;
    }
    return parsed;
  },
  { syntax: PAIRS },
);

/** What no output may show of headers: the values of those whose names say so, and what follows a scheme such as `Basic` in them. */
export function credentialsIn(sent: Readonly<Record<string, string>>): string[] {
  return Object.entries(sent).flatMap(([name, value]) =>
    isSecretName(name) ? [value, ...value.split(' ').slice(1)] : [],
  );
}

function notPairs(name: string): OptionError {
  return optionError(`${name} must be ${PAIRS_OF_HEADERS}`);
}

function notText(name: string, header: string): OptionError {
  const wanted = 'text without line breaks; its value is not shown, because it may be secret';
  return optionError(`${name}[${show(header)}] must be ${wanted}`);
}

/** What no dimension has: the header that says it. */
const INSTEAD: Readonly<Record<string, string>> = {
  'mcp.protocol.version': 'http.request.header.mcp-protocol-version',
  'user_agent.bot.name': 'http.request.header.user-agent',
  'matomo.content_format': 'http.response.header.content-type',
  'matomo.deprecated_endpoint': 'http.response.header.deprecation',
};

/** The name of an attribute, with a header in lower case. A header whose name says that it is secret is refused. */
export function dimensionSource(name: string, source: string): string {
  const normal = normalize(name, source);
  const { header } = headerAttributeOf(normal) ?? {};
  if (header !== undefined && isSecretName(header)) {
    throw optionError(
      `${name} must not be the header ${show(header)}, because its name says that its value is secret. To recognize clients by a key, use userId, which sends a pseudonym`,
    );
  }
  const instead = INSTEAD[normal];
  if (instead !== undefined) throw optionError(`${name} must not be ${normal}. Use ${instead}`);
  if (normal === 'mcp.session.id') {
    throw optionError(
      `${name} must not be mcp.session.id, because it admits to the session. Visitors are told apart by sessions without it`,
    );
  }
  return normal;
}

/** The name of an attribute, with a header in lower case, or a claim that names somebody. */
export function userIdSource(name: string, text: string): string {
  const normal = normalize(name, text);
  if (headerAttributeOf(normal)?.direction === 'response') {
    throw optionError(`${name} must not be a header of the response, got ${showValue(text)}`);
  }
  const source = userIdSourceOf(normal);
  if (source?.kind === 'claim' && !USER_ID_CLAIMS.includes(source.claim)) {
    const claims = USER_ID_CLAIMS.map((claim) => `jwt.${claim}`).join(', ');
    throw invalid(name, `one of the claims ${claims}`, text);
  }
  return normal;
}

/** With the header in lower case. */
function normalize(name: string, text: string): string {
  const named = headerAttributeOf(text);
  if (!named) return text;
  if (HEADER_NAME.test(named.header)) return `http.${named.direction}.header.${named.header}`;
  throw optionError(
    `${name} must name a header after http.${named.direction}.header., got ${showValue(text)}`,
  );
}
