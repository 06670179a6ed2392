import type { ChatbotResponse, HttpRequest } from '../http-request.js';
import { createToPageUrl, type PageUrlOptions } from '../page/page-url.js';
import { isTimed } from '../page/request-timings.js';
import { PARAMETERS } from '../parameters/parameter-table.js';
import { toParameterValue } from '../parameters/parameter-value.js';
import { isStaticFile } from '../static-files.js';
import { isDocument, isLaterPart } from './document-type.js';

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Matomo does not count these as content, as static files. */
const MEDIA = /\.(?:mp[34]|webm)$/i;
/** Set by plugins for WordPress if a chatbot runs JavaScript: then the page tracks itself. */
const RUNS_JAVASCRIPT = /(?:^|;)\s*matomo_has_js=1\s*(?:;|$)/;

/** Headers that decide whether a request by an AI chatbot is sent. */
export interface ChatbotHeaders {
  readonly cookie: string | undefined;
  readonly range: string | undefined;
}

/** Whether a request by an AI chatbot reads content: not a redirect, a static file, or a later part of a document. */
export function readsContent(
  { path, statusCode }: Pick<HttpRequest, 'path' | 'statusCode'>,
  { cookie = '', range = '' }: ChatbotHeaders,
): boolean {
  if (REDIRECTS.has(statusCode)) return false;
  if (isLaterPart(statusCode, range)) return false;
  return !isStaticFile(path) && !MEDIA.test(path) && !RUNS_JAVASCRIPT.test(cookie);
}

/** What Matomo stores as the source of the requests. */
const SOURCE = 'opentelemetry-matomo';

/** The parameters of Matomo's AI chatbot reports. Those that are `undefined` are not sent. */
type ChatbotParameters = Readonly<Record<string, string | undefined>>;

/**
 * Makes the parameters that Matomo reads for a request by an AI chatbot. The reports join its URL with those of people, so both must
 * be the same text. Unknown values are left out, because averages would count them.
 */
export function createToChatbotParameters(
  options: PageUrlOptions,
): (request: HttpRequest, response: ChatbotResponse, path: string) => ChatbotParameters {
  const toUrl = createToPageUrl({ ...options, removesCampaigns: true });

  return function toChatbotParameters(request, response, path) {
    const { statusCode, scheme, durationMillis } = request;
    const host = request.host?.toLowerCase();
    const isFile = isDocument(request.path, statusCode, response.contentType);
    const query = isFile ? undefined : request.query;
    const url = toUrl({ scheme, host, query }, path).text;
    return {
      recMode: '1',
      url: isFile ? undefined : toParameterValue(PARAMETERS.url, url),
      download: isFile ? toParameterValue(PARAMETERS.download, url) : undefined,
      http_status: toParameterValue(PARAMETERS.http_status, statusCode),
      bw_bytes: toParameterValue(PARAMETERS.bw_bytes, response.bodyBytes),
      pf_srv: isTimed(request) ? toParameterValue(PARAMETERS.pf_srv, durationMillis) : undefined,
      source: SOURCE,
    };
  };
}

/**
 * Makes a page view one that Matomo 5.7 and later report under AI chatbots. Earlier versions store it as a page view. The application
 * cannot override these parameters.
 */
export function addChatbotParameters(
  parameters: Map<string, string>,
  userAgent: string,
  chatbot: ChatbotParameters,
): void {
  for (const name in chatbot) parameters.delete(name);
  parameters.set('ua', userAgent);
  setAll(parameters, chatbot);
}

/** A hit only for AI chatbot reports: without visitor, title, address and variables. */
export function toChatbotAlone(
  site: number,
  userAgent: string,
  startSeconds: number,
  chatbot: ChatbotParameters,
): Map<string, string> {
  const parameters = new Map([
    ['idsite', String(site)],
    ['rec', '1'],
    ['apiv', '1'],
  ]);
  setAll(parameters, chatbot);
  return parameters.set('ua', userAgent).set('cdt', String(startSeconds));
}

function setAll(parameters: Map<string, string>, chatbot: ChatbotParameters): void {
  for (const [name, value] of Object.entries(chatbot)) {
    if (value !== undefined) parameters.set(name, value);
  }
}
