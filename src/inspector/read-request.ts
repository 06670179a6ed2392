import type { IncomingHttpHeaders } from 'node:http';
import { copyText } from '../common/recent-texts.js';

/** The parameters of a hit by name. */
export type Parameters = Readonly<Record<string, string>>;

/** A parsed request to the tracker. */
export interface TrackerRequest {
  readonly isBulk: boolean;
  readonly hits: readonly Parameters[];
  /** The token of a bulk. It applies to all of its hits. */
  readonly token: string;
  /** Whether the answer has a body. False with `send_image=0`, which may also be at the top level of a bulk. */
  readonly sendsImage: boolean;
  /** The user agent of the sender. */
  readonly userAgent: string;
}

/** Reads a request as Matomo does: a body that contains `"requests"` is a bulk, whatever its content type. */
export function readTrackerRequest(
  headers: IncomingHttpHeaders,
  query: string,
  body: string,
): TrackerRequest {
  const { 'user-agent': userAgent = '', 'content-type': contentType = '' } = headers;
  if (body.includes('"requests"')) return { ...readBulk(body), userAgent };
  const form = contentType.startsWith('application/x-www-form-urlencoded') ? body : '';
  // A parameter in the URL takes precedence over one in the body.
  const hit = { ...readQuery(form), ...readQuery(query) };
  const hits = Object.keys(hit).length > 0 ? [hit] : [];
  return { isBulk: false, hits, token: '', sendsImage: hit.send_image !== '0', userAgent };
}

/** Reads a bulk. A bulk that cannot be parsed has no hits. */
function readBulk(body: string): Omit<TrackerRequest, 'userAgent'> {
  const { requests, token_auth, send_image } = parseJson(body);
  const elements: unknown[] = Array.isArray(requests) ? requests : [];
  const hits = elements.map(readElement).filter((hit) => hit !== undefined);
  const token = typeof token_auth === 'string' ? token_auth : '';
  return { isBulk: true, hits, token, sendsImage: send_image !== 0 && send_image !== '0' };
}

/** Reads an element of a bulk. In a string, Matomo requires `?` and parameters. It ignores others, and does not count them. */
function readElement(element: unknown): Parameters | undefined {
  if (typeof element === 'string') {
    const [, query] = element.split(/\?(.+)/s);
    return query === undefined ? undefined : readQuery(query);
  }
  const values = Object.entries(Object(element)).map(([name, value]) => [name, toText(value)]);
  return Object.fromEntries(values);
}

function toText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Reads a query. Values are copied, because the log keeps them but must not keep the whole query in memory. */
function readQuery(query: string): Parameters {
  const pairs = [...new URLSearchParams(query)].map(([name, value]) => [name, copyText(value)]);
  return Object.fromEntries(pairs);
}

/** Parses an object or a list. Returns an empty object for any other text. */
export function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    return { ...JSON.parse(text) };
  } catch {
    return {};
  }
}
