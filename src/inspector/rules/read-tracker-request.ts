import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type ParameterValue, parseJson, toNumberText } from './php-values.js';
import { readQuery, splitUrl } from './read-url.js';

/** The parameters of a hit by name. */
export type Parameters = Readonly<Record<string, ParameterValue>>;

/** A parsed request to the tracker. */
export interface TrackerRequest {
  readonly kind: 'single' | 'bulk';
  readonly method: string;
  readonly hits: readonly Parameters[];
  /** The token of a bulk request, which wins over those of its hits. */
  readonly token: string;
  /** The token in the URL of a bulk, which only affects `invalid_indices`. */
  readonly addressToken: string;
  /** Whether the answer has a body; false for `send_image=0`, also at the top level of a bulk. */
  readonly sendImage: boolean;
  readonly headers: IncomingHttpHeaders;
  readonly address: string;
}

/**
 * Reads a request as Matomo does: a body that contains `"requests"` is a bulk, whatever its method and content type. `judge-hit.ts` decides
 * about each hit, and `tracker.ts` about the bulk.
 */
export function readTrackerRequest(
  request: IncomingMessage,
  queryText: string,
  body: Buffer,
): TrackerRequest {
  const { method = 'GET', headers } = request;
  const contentType = headers['content-type']?.toLowerCase() ?? '';
  const query = readQuery(queryText);
  const common = {
    method,
    headers,
    address: request.socket.remoteAddress ?? '',
    addressToken: query.token_auth ?? '',
  };
  if (isBulk(body) && !contentType.startsWith('multipart/form-data')) {
    return { ...common, kind: 'bulk', ...readBulk(body) };
  }
  const isForm = method === 'POST' && contentType.startsWith('application/x-www-form-urlencoded');
  const parameters = isForm ? { ...readQuery(body.toString('utf8')), ...query } : query;
  const hits = Object.keys(parameters).length > 0 ? [parameters] : [];
  return { ...common, kind: 'single', hits, token: '', sendImage: parameters.send_image !== '0' };
}

function isBulk(body: Buffer): boolean {
  return body.indexOf('"requests"') > 0 || body.indexOf("'requests'") > 0;
}

/** Limits memory. Matomo itself would take minutes for as many. */
const MAX_HITS = 100_000;

/**
 * A bulk that PHP cannot read is one without hits.
 *
 * @throws Error if it has too many; the connection is closed without an answer
 */
function readBulk(body: Buffer): Pick<TrackerRequest, 'hits' | 'token' | 'sendImage'> {
  const text = body.toString('utf8');
  // Bytes that are not UTF-8 are replaced.
  const isUtf8 = Buffer.from(text).equals(body);
  const json = isUtf8 ? text.replace(/[\r\n]/g, '') : '';
  const { requests, token_auth, send_image }: Record<string, unknown> = { ...parseJson(json) };
  const elements = typeof requests === 'object' && requests !== null ? Object.values(requests) : [];
  if (elements.length > MAX_HITS) throw new Error(`more than ${MAX_HITS} hits in a bulk`);
  return {
    hits: elements.map(readElement).filter((hit) => hit !== undefined),
    token: typeof token_auth === 'string' || typeof token_auth === 'number' ? `${token_auth}` : '',
    sendImage: send_image !== 0 && send_image !== '0',
  };
}

/** A hit that is a string needs `?` before its parameters. Without it, Matomo ignores the hit and does not count it. */
function readElement(element: unknown): Parameters | undefined {
  if (typeof element === 'string') {
    const query = splitUrl(element)?.query;
    return query === undefined ? undefined : readQuery(query);
  }
  if (typeof element !== 'object' || element === null) return {};
  return Object.fromEntries(
    Object.entries(element).map(([name, value]) => [name, toParameterValue(name, value)]),
  );
}

function toParameterValue(name: string, value: unknown): ParameterValue {
  if (typeof value === 'string' || value === true) return value;
  if (typeof value === 'number') return toNumberText(value);
  if (typeof value === 'object' && /^_?cvar$/.test(name)) return JSON.stringify(value);
  // Unlike a list, which counts as 1.
  if (name === 'recMode' && !value) return '';
  return null;
}
