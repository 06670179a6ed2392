import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isWellFormed, type ParameterValue, toNumberText } from './php-values.js';
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

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads a request as Matomo does: a body that contains `"requests"` is a bulk, whatever its method and content type. */
export function readTrackerRequest(request: IncomingMessage, body: Buffer): TrackerRequest {
  const { method = 'GET', headers, url = '' } = request;
  const contentType = headers['content-type']?.toLowerCase() ?? '';
  const mark = url.indexOf('?');
  const query = readQuery(mark < 0 ? '' : url.slice(mark + 1));
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

function readBulk(body: Buffer): Pick<TrackerRequest, 'hits' | 'token' | 'sendImage'> {
  const { requests, token_auth, send_image } = readObject(body);
  const elements = typeof requests === 'object' && requests !== null ? Object.values(requests) : [];
  return {
    hits: elements.map(readElement).filter((hit) => hit !== undefined),
    token: typeof token_auth === 'string' || typeof token_auth === 'number' ? `${token_auth}` : '',
    sendImage: send_image !== 0 && send_image !== '0',
  };
}

/** The JSON of a bulk; empty if PHP cannot read it, which Matomo treats as a bulk without hits. */
function readObject(body: Buffer): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(UTF8.decode(body).replace(/[\r\n]/g, ''));
    return typeof parsed === 'object' && parsed !== null && isWellFormed(parsed)
      ? { ...parsed }
      : {};
  } catch {
    return {};
  }
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
