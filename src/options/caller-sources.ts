import { show } from '../common/diagnostics.js';
import { headerAttributeOf, isSecretHeader } from '../hit/parameters/header-attribute.js';
import { USER_ID_CLAIMS, userIdSourceOf } from '../hit/visitor/pseudonym.js';
import { wrongOption } from './wrong-option.js';

/** Names of headers in HTTP. */
const HEADER = /^[!#$%&'*+.^_`|~\da-z-]+$/;

/** The name of an attribute, with a header in lower case. A header whose name says that it is secret is refused. */
export function dimensionSource(name: string, source: string): string {
  const normal = normalize(name, source);
  const { header } = headerAttributeOf(normal) ?? {};
  if (header !== undefined && isSecretHeader(header)) {
    throw wrongOption(
      `${name} must not be the header ${show(header)}, because its name says that its value is secret. To recognize callers by a key, use userId, which sends a pseudonym`,
    );
  }
  return normal;
}

/** The name of an attribute, with a header in lower case, or a claim that names somebody. */
export function userIdSource(name: string, text: string): string {
  const normal = normalize(name, text);
  if (headerAttributeOf(normal)?.direction === 'response') {
    throw wrongOption(`${name} must not be a header of the response, got ${show(text)}`);
  }
  const source = userIdSourceOf(normal);
  if (source?.kind === 'claim' && !USER_ID_CLAIMS.includes(source.claim)) {
    const claims = USER_ID_CLAIMS.map((claim) => `jwt.${claim}`).join(', ');
    throw wrongOption(`${name} must be one of the claims ${claims}, got ${show(text)}`);
  }
  return normal;
}

function normalize(name: string, text: string): string {
  const named = headerAttributeOf(text);
  if (!named) return text;
  if (HEADER.test(named.header)) return `http.${named.direction}.header.${named.header}`;
  throw wrongOption(
    `${name} must name a header after http.${named.direction}.header., got ${show(text)}`,
  );
}
