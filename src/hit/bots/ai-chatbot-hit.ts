import { type HitText, partOf, readPart } from '../hit-text.js';
import type { HttpRequest } from '../http-request.js';
import type { SentUrls } from '../page/sent-urls.js';
import { isTimed } from '../parameters/annotations.js';
import { toParameterValue, USER_AGENT } from '../parameters/parameter-values.js';
import { toSentClient } from '../visitor/client.js';
import { findAiChatbot } from './bots.js';
import { isDocument } from './documents.js';

const SOURCE = 'opentelemetry-matomo';

/** Parameters from which Matomo builds its AI chatbot reports. */
const REPORTED = ['recMode', 'url', 'download', 'http_status', 'bw_bytes', 'pf_srv', 'source'];

/**
 * Turns a hit of a request by an AI chatbot into one that Matomo 5.7 and later show in the AI chatbot reports. Earlier versions store it as a
 * page view. The application cannot override these parameters. The reports join the URL with that of page views, so both must be the same text.
 * Unknown values are left out, because averages would include them.
 */
export function addChatbotParts(
  hit: HitText,
  request: HttpRequest,
  urls: SentUrls,
  path: string,
  query: string | undefined,
): void {
  const { statusCode, scheme, durationMillis } = request;
  const host = request.host?.toLowerCase();
  const isFile = isDocument(request.path, statusCode, request.contentType);
  const url = urls.ofRequest({ scheme, host, query: isFile ? undefined : query }, path, 'chatbot');
  for (const name of REPORTED) hit.delete(name);
  hit.set('recMode', '1');
  if (isFile) hit.rest += partOf('download', readPart(url));
  else hit.url = url;
  hit.rest += partOf('http_status', statusCode);
  hit.rest += partOf('bw_bytes', request.bodyBytes);
  if (isTimed(request)) hit.duration += partOf('pf_srv', durationMillis);
  hit.set('source', SOURCE);
  hit.set('ua', toSentClient(request).userAgent);
  hit.kind = 'chatbot';
}

/** Searches only the part of the user agent that is sent, because Matomo does not see a name that is cut off. */
export function isAiChatbot(userAgent: string): boolean {
  return findAiChatbot(toParameterValue(USER_AGENT, userAgent) ?? '') !== undefined;
}

const MAX_BYTES = 4_294_967_295; // the limit of Matomo's column

/** Attributes with the size of a response's body, the most reliable first. */
const SIZE_ATTRIBUTES = [
  'http.response.body.size',
  'http.response_content_length',
  'http.response.header.content-length',
  'http.response.header.content_length',
  'http.wrote_bytes',
  'response_size',
] as const;

/** Whether a response to this request has a body with a meaningful size. */
export function hasBody(method: string, statusCode: number): boolean {
  return method.toUpperCase() !== 'HEAD' && statusCode !== 204 && statusCode !== 304;
}

/** Reads the body size from a span. Some instrumentations report it as a string, or as the array of a captured header. */
export function readBodySize(attributes: Readonly<Record<string, unknown>>): number | undefined {
  for (const name of SIZE_ATTRIBUTES) {
    const value = attributes[name];
    const size = toSize(Array.isArray(value) ? value[0] : value);
    if (size !== undefined) return size;
  }
  return undefined;
}

/** Returns a whole number of bytes that Matomo can store, else `undefined`. */
export function toSize(value: unknown): number | undefined {
  const isDigits = typeof value === 'string' && /^\d{1,10}$/.test(value);
  const size = isDigits ? Number(value) : value;
  const isFit = typeof size === 'number' && Number.isInteger(size) && size >= 0;
  return isFit && size <= MAX_BYTES ? size : undefined;
}
