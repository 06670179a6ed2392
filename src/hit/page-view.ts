import { memoize, memoizePair } from '../common/generation-cache.js';
import { HitText, partOf, rawPart, readPart } from './hit-text.js';
import { type HttpRequest, isGraphqlPath, type Writable } from './http-request.js';
import { toPagePath } from './page/page-path.js';
import type { SentUrlOptions, SentUrls } from './page/sent-urls.js';
import {
  createPlaces,
  createToTitle,
  DEFAULT_TITLE,
  isRefusedPath,
  titleMethodOf,
  toDefaultTitle,
  toPlacePath,
} from './page/title.js';
import {
  customVariablesOf,
  type ReportProblem,
  toCustomVariables,
} from './parameters/annotations.js';
import type { SentRequest } from './parameters/dimensions.js';
import { decodeLatin1 } from './text.js';
import { type SentClient, toSentClient } from './visitor/client.js';
import { createVisitors, type VisitorOptions } from './visitor/visitor.js';

/** What makes the page view of a request, besides the request. */
export interface PageViewOptions extends SentUrlOptions, VisitorOptions {
  readonly titlePaths: 'template' | 'raw';
  /** A template; the result of a function comes with the request. */
  readonly actionName: unknown;
  readonly maxCustomVariables: number;
}

/**
 * A request as it is sent, before anything that was added to it, and its hit. The pipeline decides which requests have one. A class for the
 * reason that `HitText` has.
 */
export class PageView implements SentRequest {
  readonly request!: HttpRequest;
  readonly hit!: HitText;
  /** Whether the hit has what was added to the request. */
  isLayered = false;
  readonly path!: string;
  /** Its route, or what the title shows instead, without its operation. */
  readonly place!: string;
  readonly address!: string | undefined;
  /** As it came; `undefined` if the URL has none, or leaves it out because the request was refused. */
  readonly query!: string | undefined;
  /** The path of the page without secrets, from which titles are made. */
  readonly redacted!: string;
  readonly client!: SentClient;
  /** When it is read, epoch milliseconds. */
  readonly nowMillis!: number;
}

/** Reads requests into text. What repeats is encoded once. */
export function createPageViewReader(
  options: PageViewOptions,
  urls: SentUrls,
  report: ReportProblem,
) {
  const hasTemplates = options.urlPaths === 'template';
  const places = createPlaces(hasTemplates ? 'template' : options.titlePaths);
  const toTitle = createToTitlePart(options);
  const toVariables = createToVariables(options, report);
  const toReferrer = createToReferrer(urls);
  const toTime = memoize((seconds: number) => partOf('cdt', seconds));
  const visitors = createVisitors(options);

  return {
    /** What all hits of the request have. */
    read(request: HttpRequest, site: number, nowMillis: number): PageView {
      const { scheme, host, referrer } = request;
      const client = toSentClient(request);
      const traits = visitors.traitsOf(request, client.userAgent, site, nowMillis);
      const sent = urls.redactPath(request.path);
      const redacted = request.isPageData ? toPagePath(sent) : sent;
      const place = places.find(request, redacted, site);
      const path = hasTemplates ? toPlacePath(place, redacted) : sent;
      const use = options.siteSearch && isGraphqlRequest(request) ? 'graphql' : 'page';
      const query = hasTemplates && isRefusedPath(path) ? undefined : request.query;
      const page = new PageView() as Writable<PageView>;
      page.request = request;
      page.path = path;
      page.place = place;
      page.address = visitors.addressOf(traits);
      page.query = query;
      page.redacted = redacted;
      page.client = client;
      page.nowMillis = nowMillis;
      const hit = new HitText();
      const visitor = visitors.find(traits);
      hit.named = visitor;
      hit.traits = traits;
      hit.visitor = visitor.text;
      hit.client = client.text;
      hit.url = urls.ofRequest({ scheme, host, query }, path, use);
      if (referrer !== undefined) hit.referrer = toReferrer(referrer);
      hit.startSeconds = Math.floor(traits.startMillis / 1000);
      hit.time = toTime(hit.startSeconds);
      page.hit = hit;
      return page;
    },
    /** What no other hit of the request has. Returns its place as titles show it. */
    fill({ request, path, place, redacted, hit }: PageView): string {
      const shown = places.show(place, request, redacted);
      hit.title = toTitle(request, path, shown);
      hit.variables = toVariables(request.method, request.statusCode);
      return shown;
    },
    visitors,
  };
}

/**
 * The referrer. One without a query is remembered if it is sent as it came: those with a query rarely recur, and others may contain
 * secrets.
 */
function createToReferrer(urls: SentUrls): (referrer: string) => string {
  const make = (referrer: string) => partOf('urlref', urls.ofReferrer(decodeLatin1(referrer)));
  const remember = memoize(make, (part, referrer) => readPart(part) === referrer);
  return (referrer) => (referrer.includes('?') ? make(referrer) : remember(referrer));
}

/** The title. Only the default one is remembered: others may name each request. */
function createToTitlePart({
  actionName,
}: PageViewOptions): (request: HttpRequest, path: string, place: string) => string {
  const template = typeof actionName === 'string' ? actionName : DEFAULT_TITLE;
  if (template !== DEFAULT_TITLE) {
    const toText = createToTitle(template);
    return (request, path, place) => partOf('action_name', toText(request, path, place));
  }
  const toDefault = memoizePair((method: string, place: string) =>
    partOf('action_name', toDefaultTitle(method, place)),
  );
  return (request, _path, place) => toDefault(titleMethodOf(request, place), place);
}

/** The custom variables that every request has. */
function createToVariables(
  { maxCustomVariables }: PageViewOptions,
  report: ReportProblem,
): (method: string, statusCode: number) => string {
  return memoizePair((method, statusCode) => {
    if (maxCustomVariables === 0) return '';
    const variables = customVariablesOf({ statusCode, method });
    return rawPart('cvar', toCustomVariables(variables, maxCustomVariables, report));
  });
}

/** Whether `query` in the URL of a request is a GraphQL document and not a site search. */
function isGraphqlRequest({ path, operation }: HttpRequest): boolean {
  return isGraphqlPath(path) || operation?.kind === 'graphql';
}
