import { memoize } from '../common/generation-cache.js';
import { createField, type Field } from './field.js';
import type { HttpRequest } from './http-request.js';
import { createToPlace } from './page/action-name.js';
import { createToPageUrl } from './page/page-url.js';
import { isSimplePath } from './page/simple-path.js';
import { toTitlePath } from './page/title-path.js';
import { toPagePath } from './page-data.js';
import type { ReportProblem } from './parameters/custom-variables.js';
import type { RequestFacts } from './parameters/dimensions.js';
import { withSlash } from './parameters/route-details.js';
import {
  createToRequestFields,
  type RequestFields,
  type RequestFieldsOptions,
} from './request-fields.js';
import {
  type Agent,
  type Caller,
  createToAgent,
  createToAnyVisitorId,
  createToCaller,
} from './visitor/caller-fields.js';
import { HIDDEN_ADDRESS, maskAddress } from './visitor/mask-address.js';
import { createToVisitorId, type KeyOfDay, type Visitor } from './visitor/visitor-id.js';

export interface PageViewOptions extends RequestFieldsOptions {
  readonly redactPathPatterns: readonly RegExp[];
  readonly titlePaths: 'template' | 'raw';
  readonly anonymizeIp: number;
  /** Whether `cip` says nothing of the caller. */
  readonly hidesAddress?: boolean | undefined;
  /** Whether delivery has a token: without one, Matomo rejects hits with parameters that need it. */
  readonly hasToken: boolean;
  readonly visitorId: unknown;
  /** A function: a key for each day, which is deleted later. */
  readonly visitorKey: string | Buffer | KeyOfDay;
}

/** What a page view is made of, before anything that was added to its request. */
interface PageViewParts {
  readonly agent: Agent;
  readonly visitor: Visitor;
  readonly facts: RequestFacts;
  readonly fields: RequestFields;
}

export interface PageViewReader {
  /** The path in URL and dimensions. */
  toSentPath(request: HttpRequest): string;
  read(request: HttpRequest, site: number, nowMillis: number): PageViewParts;
  toAgent(request: HttpRequest): Agent;
  toVisitor(request: HttpRequest, site: number, nowMillis: number): Visitor;
  toCaller(visitor: Visitor): Caller;
  toAddress(address: string): Field | undefined;
  /** Even if none is sent. */
  toAnyVisitorId(visitor: Visitor): string;
}

/** Reads requests into parts that are encoded already; most of them come again, and are remembered. */
export function createPageViewReader(
  options: PageViewOptions,
  redactPath: (path: string) => string,
  report: ReportProblem,
): PageViewReader {
  const { anonymizeIp, hasToken, hidesAddress = false, siteSearch } = options;
  const areKeysDeleted = typeof options.visitorKey === 'function';
  const hasPatterns = options.redactPathPatterns.length > 0;
  const toPageUrl = createToPageUrl(options);
  const toGraphqlUrl = createToPageUrl({ ...options, siteSearch: false });
  const hasTemplates = options.urlPaths === 'template';
  const toPlace = createToPlace(hasTemplates ? 'template' : options.titlePaths);
  const toRequestFields = createToRequestFields(options, redactPath, report);
  const toVisitorId = createToVisitorId(options.visitorKey);
  const toAgent = createToAgent();
  const sent = hasToken ? (address: string) => createField('cip', address) : () => undefined;
  const toAddress = hidesAddress ? always(sent(HIDDEN_ADDRESS)) : memoize(sent);
  const toCaller = createToCaller(
    toAddress,
    (visitor) => (options.visitorId === 'none' ? undefined : toVisitorId(visitor)),
    !areKeysDeleted,
  );

  /** If none is sent, Matomo would store the address of this server. */
  function toVisitorAddress(address: string | undefined): string | undefined {
    if (hidesAddress && areKeysDeleted) return address ?? '';
    const masked = address && maskAddress(address, anonymizeIp);
    return hidesAddress ? (masked ?? '') : masked;
  }

  function toVisitor(
    { address, startMillis: start }: HttpRequest,
    userAgent: string,
    site: number,
    nowMillis: number,
  ): Visitor {
    return {
      address: toVisitorAddress(address),
      userAgent,
      site,
      startMillis: Math.min(Number.isFinite(start) ? start : nowMillis, nowMillis),
    };
  }

  return {
    toSentPath(request) {
      const redacted = redactPath(request.path);
      return hasTemplates ? toTemplate(request, redacted) : redacted;
    },
    read(request, site, nowMillis) {
      const agent = toAgent(request);
      const visitor = toVisitor(request, agent.userAgent, site, nowMillis);
      const isSimple = !hasPatterns && isSimplePath(request.path);
      const redacted = isSimple ? request.path : redactPath(request.path);
      const path = hasTemplates ? toTemplate(request, redacted) : redacted;
      const isGraphql = siteSearch && isGraphqlRequest(request);
      const toUrl = isGraphql ? toGraphqlUrl : toPageUrl;
      const url = toUrl(request, path, isSimple && !hasTemplates);
      const page = request.isPageData ? toPagePath(redacted) : redacted;
      const place = toPlace(request, page);
      const address = hidesAddress ? request.address && HIDDEN_ADDRESS : visitor.address;
      const facts = { request, url, path, place, address };
      const fields = toRequestFields(facts, Math.floor(visitor.startMillis / 1000));
      return { agent, visitor, facts, fields };
    },
    toVisitor: (request, site, nowMillis) =>
      toVisitor(request, toAgent(request).userAgent, site, nowMillis),
    toAgent,
    toCaller,
    toAddress,
    toAnyVisitorId: createToAnyVisitorId(toCaller, toVisitorId),
  };
}

function always<T>(value: T): () => T {
  return () => value;
}

/** Whether `query` in the URL of a request is a GraphQL document and not a site search. */
export function isGraphqlRequest({ path, operation }: HttpRequest): boolean {
  return /\/graphql\/?$/i.test(path) || operation?.kind === 'graphql';
}

/** The path of a URL that names no more than the title does. The path comes redacted. */
function toTemplate({ route }: HttpRequest, path: string): string {
  if (route === undefined) return toTitlePath(path);
  const text = route.replaceAll('?', '%3F'); // marks optional parts; in a URL, it would begin the query
  return withSlash(text);
}
