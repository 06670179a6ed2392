import { memoize } from '../common/generation-cache.js';
import type { Attributes } from '../common/otel-types.js';
import { decodeLatin1 } from '../hit/text.js';
import { textOf } from './finished-span.js';
import { responseHeaderIn } from './read-headers.js';
import type { Request } from './request.js';

/** Not public, but unchanged since Node.js 0.x. */
export interface WrittenResponse {
  /** The status line and all headers as Node.js writes them. */
  readonly _header?: unknown;
  readonly _headerSent?: boolean;
  /** `false` for HEAD, 204 and 304. */
  readonly _hasBody?: boolean;
  readonly _sent100?: boolean;
  /** Also writes informational responses (1xx). */
  _writeRaw?(data: string | Uint8Array, ...rest: unknown[]): boolean;
}

/** Finds a header by its lower-case name in a status line and headers as they were written. */
const patternOf = memoize(
  (name: string) => new RegExp(`^${name.replace(/[^\w-]/g, '\\$&')}:([^\r\n]*)`, 'im'),
);

/**
 * A header of the response by its lower-case name: from Node's response if there is one, else from attributes. `undefined` if it was
 * not sent.
 */
export function readResponseHeader(request: Request, name: string): string | undefined {
  const { response } = request;
  const text = response ? sentHeader(response, name) : responseHeaderIn(request.attributes, name);
  return text === undefined ? undefined : decodeLatin1(text).trim() || undefined;
}

type Response = NonNullable<Request['response']>;

function sentHeader(response: Response, name: string): string | undefined {
  if (response.headersSent === false) return undefined;
  const value = response.getHeader(name);
  if (value !== undefined) return Array.isArray(value) ? value.join(', ') : String(value);
  const { _header: head } = response as WrittenResponse;
  // Headers passed to `writeHead`, which `getHeader` does not return.
  return typeof head === 'string' ? patternOf(name).exec(head)?.[1] : undefined;
}

/** `undefined` if no headers were sent. Read of every request, so the spelling of most applications is looked for first. */
export function sentContentType(response: Response): string | undefined {
  const { _header: head } = response as WrittenResponse;
  if (typeof head === 'string' && response.getHeader('content-type') === undefined) {
    const start = head.indexOf(CONTENT_TYPE);
    if (start >= 0) return head.slice(start + CONTENT_TYPE.length, head.indexOf('\r', start));
  }
  return sentHeader(response, 'content-type');
}

const CONTENT_TYPE = '\nContent-Type:';

/** From attributes of captured headers. */
export function contentTypeIn(attributes: Attributes): string | undefined {
  const value =
    attributes['http.response.header.content-type'] ??
    attributes['http.response.header.content_type'];
  return textOf(Array.isArray(value) ? value[0] : value);
}
