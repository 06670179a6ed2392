import type { IncomingMessage } from 'node:http';
import { type QueryValue, readQuery } from './read-query.js';

/** The parameters of a hit by name; null stands for what PHP reads as an array. */
export type Parameters = Readonly<Record<string, QueryValue>>;

/** What a request to the tracker asks for. */
export interface TrackerRequest {
  readonly bulk: boolean;
  readonly hits: readonly Parameters[];
  /** The token of a bulk request, which wins over those of its hits. */
  readonly token?: string;
  /** `send_image=0`, or the same at the top level of a bulk. */
  readonly sendImage: boolean;
  readonly headers: IncomingMessage['headers'];
  readonly address: string;
}

/** Reads a request as Matomo does: what contains `"requests"` is a bulk, whatever its method and type. */
export function readTrackerRequest(request: IncomingMessage, body: Buffer): TrackerRequest {
  const query = request.url?.split('?', 2)[1] ?? '';
  const from = { headers: request.headers, address: request.socket.remoteAddress ?? '' };
  const isMultipart = contentType(request).startsWith('multipart/form-data');
  if (!isMultipart && body.length > 0) {
    const text = body.toString('utf8');
    if (text.indexOf('"requests"') > 0 || text.indexOf("'requests'") > 0) {
      return { ...from, ...readBulk(text) };
    }
  }
  const isForm =
    request.method === 'POST' &&
    contentType(request).startsWith('application/x-www-form-urlencoded');
  const parameters = {
    ...(isForm ? readQuery(body.toString('utf8')) : {}),
    ...readQuery(query),
  };
  const hits = Object.keys(parameters).length > 0 ? [parameters] : [];
  return { ...from, bulk: false, hits, sendImage: parameters.send_image !== '0' };
}

function contentType(request: IncomingMessage): string {
  return request.headers['content-type']?.toLowerCase() ?? '';
}

function readBulk(text: string): Pick<TrackerRequest, 'bulk' | 'hits' | 'token' | 'sendImage'> {
  const decoded = parseObject(text.replace(/[\r\n]/g, ''));
  const requests = decoded.requests;
  const elements = typeof requests === 'object' && requests !== null ? Object.values(requests) : [];
  const token = decoded.token_auth;
  return {
    bulk: true,
    hits: elements.map(readElement).filter((hit) => hit !== undefined),
    ...(typeof token === 'string' && token !== '' ? { token } : {}),
    sendImage: decoded.send_image !== 0 && decoded.send_image !== '0',
  };
}

function parseObject(json: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

/** A string needs a `?` before its parameters; without one it vanishes without being counted. */
function readElement(element: unknown): Parameters | undefined {
  if (typeof element === 'string') {
    const query = /^[^?#]*\?([^#]+)/.exec(element)?.[1];
    if (query === undefined || element.startsWith('//')) return undefined;
    return readQuery(query);
  }
  if (typeof element !== 'object' || element === null) return {};
  return Object.fromEntries(
    Object.entries(element).map(([name, value]) => [name, toQueryValue(name, value)]),
  );
}

function toQueryValue(name: string, value: unknown): QueryValue {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (value === true) return '1';
  if (typeof value === 'object' && value !== null && /^_?cvar$/.test(name)) {
    return JSON.stringify(value);
  }
  return null;
}
