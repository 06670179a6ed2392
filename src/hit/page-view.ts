import { memoize, memoizePair } from '../common/generation-cache.js';
import { AI_AGENT_FIELDS } from './bots/bots.js';
import { createField, type Field, FieldGroup, PageFields, rawField } from './field.js';
import { type HttpRequest, isGraphqlPath, type Writable } from './http-request.js';
import {
  createToActionName,
  createToPlace,
  DEFAULT_TITLE,
  titleMethodOf,
  toDefaultTitle,
} from './page/action-name.js';
import { toPagePath, toTitlePath } from './page/page-path.js';
import { withSlash } from './page/routes.js';
import type { SentUrlOptions, SentUrls } from './page/sent-urls.js';
import {
  customVariablesOf,
  isTimed,
  type ReportProblem,
  toCustomVariables,
} from './parameters/annotations.js';
import type { SentRequest } from './parameters/dimensions.js';
import { decodeLatin1 } from './text.js';
import { type ClientFields, toClientFields } from './visitor/client.js';
import { createVisitors, type Visitor, type VisitorOptions } from './visitor/visitor.js';
import type { VisitorTraits } from './visitor/visitor-id.js';

/** What makes the page view of a request, besides the request. */
export interface PageViewOptions extends SentUrlOptions, VisitorOptions {
  readonly titlePaths: 'template' | 'raw';
  /** A template; the result of a function comes with the request. */
  readonly actionName: unknown;
  readonly maxCustomVariables: number;
}

/**
 * A request as it is sent, before anything that was added to it. The pipeline decides which requests have one. A class for the reason that
 * `Field` has.
 */
export class PageView implements SentRequest {
  readonly request!: HttpRequest;
  readonly url!: Field;
  readonly path!: string;
  readonly referrer!: Field | undefined;
  readonly address!: string | undefined;
  /** As it came; `undefined` if the URL has none, or leaves it out because the request was refused. */
  readonly query!: string | undefined;
  /** The path of the page without secrets, from which titles are made. */
  readonly redacted!: string;
  readonly client!: ClientFields;
  readonly traits!: VisitorTraits;
  readonly visitor!: Visitor;
  readonly startSeconds!: number;
  /** When it is read, epoch milliseconds. */
  readonly nowMillis!: number;
  readonly time!: Field | undefined;
}

/** Reads requests into fields. What repeats is encoded once. */
export function createPageViewReader(
  options: PageViewOptions,
  urls: SentUrls,
  report: ReportProblem,
) {
  const hasTemplates = options.urlPaths === 'template';
  const toPlace = createToPlace(hasTemplates ? 'template' : options.titlePaths);
  const toTitle = createToTitle(options);
  const toVariables = createToVariables(options, report);
  const toReferrer = createToReferrer(urls);
  const toDuration = memoize((millis: number) => {
    // Matomo ignores `gt_ms`, so the duration is the server time too, unless the request has other timings.
    return new FieldGroup([createField('gt_ms', millis), createField('pf_srv', millis)]);
  });
  const toTime = memoize((seconds: number) => createField('cdt', seconds));
  const visitors = createVisitors(options);

  function listFields(
    { request, visitor, client, url, referrer, time }: PageView,
    title?: Field,
    variables?: Field,
    duration?: FieldGroup,
  ): PageFields {
    const fields = new PageFields(visitor, client);
    fields.url = url;
    fields.referrer = referrer;
    fields.signature = request.isAiAgent ? AI_AGENT_FIELDS : undefined;
    fields.time = time;
    fields.title = title;
    fields.variables = variables;
    fields.duration = duration;
    return fields;
  }

  return {
    read(request: HttpRequest, site: number, nowMillis: number): PageView {
      const { referrer, host } = request;
      const client = toClientFields(request);
      const traits = visitors.traitsOf(request, client.userAgent, site, nowMillis);
      const startSeconds = Math.floor(traits.startMillis / 1000);
      const sent = urls.redactPath(request.path);
      const redacted = request.isPageData ? toPagePath(sent) : sent;
      const refused = hasTemplates ? refusedPathOf(request) : undefined;
      const path = refused ?? (hasTemplates ? toTemplate(request, redacted) : sent);
      const use = options.siteSearch && isGraphqlRequest(request) ? 'graphql' : 'page';
      const query = refused === undefined ? request.query : undefined;
      const page = new PageView() as Writable<PageView>;
      page.request = request;
      page.url = urls.ofRequest({ scheme: request.scheme, host, query }, path, use);
      page.path = path;
      page.referrer = referrer === undefined ? undefined : toReferrer(referrer);
      page.address = visitors.addressOf(traits);
      page.query = query;
      page.redacted = redacted;
      page.client = client;
      page.traits = traits;
      page.visitor = visitors.find(traits);
      page.startSeconds = startSeconds;
      page.nowMillis = nowMillis;
      page.time = toTime(startSeconds);
      return page;
    },
    /** The route, or what titles show instead. */
    toPlace: ({ request, redacted }: PageView) => toPlace(request, redacted),
    /** What all hits of the request have. */
    toSharedFields: (page: PageView) => listFields(page),
    /** The same, and what no other hit has. */
    toFields(page: PageView, place: string): PageFields {
      const { request, path } = page;
      const title = toTitle(request, path, place);
      const variables = toVariables(request.method, request.statusCode);
      const millis = Math.round(request.durationMillis);
      return listFields(page, title, variables, isTimed(request) ? toDuration(millis) : undefined);
    },
    visitors,
  };
}

/**
 * The referrer. One without a query is remembered if it is sent as it came: those with a query rarely recur, and others may contain
 * secrets.
 */
function createToReferrer(urls: SentUrls): (referrer: string) => Field | undefined {
  const make = (referrer: string) => createField('urlref', urls.ofReferrer(decodeLatin1(referrer)));
  const remember = memoize(make, (field, referrer) => field?.value === referrer);
  return (referrer) => (referrer.includes('?') ? make(referrer) : remember(referrer));
}

/** The title. Only the default one is remembered: others may name each request. */
function createToTitle({
  actionName,
}: PageViewOptions): (request: HttpRequest, path: string, place: string) => Field | undefined {
  const template = typeof actionName === 'string' ? actionName : DEFAULT_TITLE;
  if (template !== DEFAULT_TITLE) {
    const toText = createToActionName(template);
    return (request, path, place) => createField('action_name', toText(request, path, place));
  }
  const toDefault = memoizePair((method: string, place: string) =>
    createField('action_name', toDefaultTitle(method, place)),
  );
  return (request, _path, place) => toDefault(titleMethodOf(request, place), place);
}

/** The custom variables that every request has. */
function createToVariables(
  { maxCustomVariables }: PageViewOptions,
  report: ReportProblem,
): (method: string, statusCode: number) => Field | undefined {
  return memoizePair((method, statusCode) => {
    if (maxCustomVariables === 0) return undefined;
    const variables = customVariablesOf({ statusCode, method });
    return rawField('cvar', toCustomVariables(variables, maxCustomVariables, report));
  });
}

/** Whether `query` in the URL of a request is a GraphQL document and not a site search. */
export function isGraphqlRequest({ path, operation }: HttpRequest): boolean {
  return isGraphqlPath(path) || operation?.kind === 'graphql';
}

const REFUSED_PATHS: Readonly<Record<number, string>> = {
  400: '/bad-request',
  404: '/not-found',
  405: '/method-not-allowed',
};

/** The path instead of those that scanners try: none of them is a page. A named operation has its endpoint. */
function refusedPathOf({ route, statusCode, operation }: HttpRequest): string | undefined {
  const isNamed = (operation?.name ?? operation?.mcp?.method) !== undefined;
  return route === undefined && !isNamed ? REFUSED_PATHS[statusCode] : undefined;
}

/** The path of a URL that names no more than the title does. The path comes redacted. */
function toTemplate({ route }: HttpRequest, path: string): string {
  if (route === undefined) return toTitlePath(path);
  const text = route.replaceAll('?', '%3F'); // marks optional parts; in a URL, it would begin the query
  return withSlash(text);
}
