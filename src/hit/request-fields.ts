import { copyText } from '../common/copy-text.js';
import {
  GenerationCache,
  memoize,
  memoizeLatest,
  memoizeLatestPair,
} from '../common/generation-cache.js';
import { AI_AGENT_FIELDS } from './bots/ai-agent.js';
import { createField, encodedField, type Field, Fields, rawField } from './field.js';
import { createToActionName, DEFAULT_TITLE, titleMethodOf } from './page/action-name.js';
import type { PageUrl, PageUrlOptions } from './page/page-url.js';
import { createToReferrer, type ReferrerOptions } from './page/referrer.js';
import { isTimed } from './page/request-timings.js';
import {
  customVariablesOf,
  type ReportProblem,
  toCustomVariables,
} from './parameters/custom-variables.js';
import type { RequestFacts } from './parameters/dimensions.js';
import type { Caller } from './visitor/caller-fields.js';

/** What makes the parameters that every request has. */
export interface RequestFieldsOptions extends PageUrlOptions, ReferrerOptions {
  /** A template; the result of a function comes with the request. */
  readonly actionName: unknown;
  readonly maxCustomVariables: number;
}

/** Longer ones may exceed Matomo's limit when they are HTML-escaped. */
const SAFE_URL_LENGTH = 170;

/** Durations that are found by their number. */
const SHORT_MILLIS = 1000;
/** Titles of longer methods are not remembered: HTTP has none. */
const MAX_METHOD_LENGTH = 30;
/** Longer titles are remembered with one status and method only. */
const MAX_CHAINED_TITLE = 100;
/** Pairs of status and method that are remembered with one title. */
const MAX_VARIABLES = 10;

/** A title with the custom variables of one status and method, and the next with others. */
interface Title {
  readonly variables: Fields;
  readonly fields: Fields;
  readonly next: Title | undefined;
  readonly rank: number;
}

const UNTIMED = new Fields([]);
const SIGNATURE = new Fields(AI_AGENT_FIELDS);

/** The parameters that every request has besides those of its caller, in few pieces: the more there are, the longer it takes to join them. */
export interface RequestFields {
  readonly url: PageUrl;
  readonly referrer: Field | undefined;
  /** Of an AI agent that has signed the request. */
  readonly signature: Fields | undefined;
  /** And custom variables. */
  readonly title: Fields;
  readonly time: Field | undefined;
  readonly durations: Fields;
}

/** Most of the values repeat, and are remembered. */
export function createToRequestFields(
  options: RequestFieldsOptions,
  redactPath: (path: string) => string,
  report: ReportProblem,
): (facts: RequestFacts, startSeconds: number) => RequestFields {
  const { actionName, maxCustomVariables } = options;
  const template = typeof actionName === 'string' ? actionName : DEFAULT_TITLE;
  const isDefaultTemplate = template === DEFAULT_TITLE;
  const toActionName = createToActionName(template);
  const toUrlRef = createToUrlRef(options, redactPath);
  const toTime = memoizeLatest((seconds: number) => createField('cdt', seconds));
  /** Matomo 4 and later ignore `gt_ms`, so the duration is the server time too, unless the request has other timings. */
  const createDurations = (millis: number) =>
    new Fields([createField('gt_ms', millis), createField('pf_srv', millis)]);
  const toLongDurations = memoize(createDurations);
  const shortDurations: (Fields | undefined)[] = Array(SHORT_MILLIS).fill(undefined);

  function toDurations(millis: number): Fields {
    if (!(millis >= 0 && millis < SHORT_MILLIS)) return toLongDurations(millis);
    shortDurations[millis] ??= createDurations(millis);
    return shortDurations[millis];
  }
  const toVariables = memoizeLatestPair((statusCode: number, method: string) => {
    if (maxCustomVariables === 0) return new Fields([]);
    const variables = customVariablesOf({ statusCode, method });
    return new Fields([rawField('cvar', toCustomVariables(variables, maxCustomVariables, report))]);
  });
  const titles = new GenerationCache<string, Title>();

  /** Title and variables together: the variables name the method, which the default title begins with. */
  function titleOf({ request, path, place }: RequestFacts): Fields {
    const { method, statusCode } = request;
    const isDefault = isDefaultTemplate && titleMethodOf(request, place) === method;
    const variables = toVariables(statusCode, method);
    const own = isDefault ? place : toActionName(request, path, place);
    const titled = titles.get(own);
    for (let known = titled; known; known = known.next)
      if (known.variables === variables) return known.fields;
    const title = createField('action_name', copyText(isDefault ? `${method} ${own}` : own));
    const fields = new Fields([title, ...variables.all]);
    if (method.length > MAX_METHOD_LENGTH) return fields;
    const rank = titled === undefined ? 1 : titled.rank + 1;
    const next = rank > MAX_VARIABLES || own.length > MAX_CHAINED_TITLE ? undefined : titled;
    titles.set(own, { variables, fields, next, rank: next ? rank : 1 });
    return fields;
  }

  return function toRequestFields(facts, startSeconds) {
    const { request, url } = facts;
    const { host, referrer } = request;
    return {
      url,
      referrer: referrer === undefined ? undefined : toUrlRef(referrer, host),
      signature: request.isAiAgent ? SIGNATURE : undefined,
      title: titleOf(facts),
      time: toTime(startSeconds),
      durations: isTimed(request) ? toDurations(Math.round(request.durationMillis)) : UNTIMED,
    };
  };
}

/** Only referrers that are sent unchanged are remembered as they came, and with templates, that depends on the host. */
function createToUrlRef(
  options: RequestFieldsOptions,
  redactPath: (path: string) => string,
): (referrer: string, host: string | undefined) => Field | undefined {
  const toReferrer = createToReferrer(options, redactPath);
  const toField = memoize((sent: string) => createField('urlref', sent));
  if (options.urlPaths === 'full' && options.referrers === 'full') {
    return memoize(
      (referrer: string) => createField('urlref', toReferrer(referrer)),
      (field, referrer) => field?.value === referrer,
    );
  }
  return function toUrlRef(referrer, host) {
    const sent = toReferrer(referrer, host);
    return sent === undefined ? undefined : toField(sent);
  };
}

/** The beginning of all hits of a request, behind what they have of its client. */
export function toSharedText({ url, referrer, signature }: RequestFields, caller: Caller): string {
  const beginning = isSafe(url)
    ? caller.textWith(url.origin.piece) + url.place.encoded
    : caller.text + (toUrlField(url)?.pair ?? '');
  const page = isSafe(url) && url.query ? beginning + url.query.piece : beginning;
  const end = signature === undefined ? '' : signature.text;
  return referrer === undefined ? page + end : page + referrer.pair + end;
}

/** The rest of the page view. */
export function toPageText({ title, time, durations }: RequestFields): string {
  return title.text + (time === undefined ? '' : time.pair) + durations.text;
}

/** All of them, in the same order. */
export function listFields(fields: RequestFields): (Field | undefined)[] {
  const { url, referrer, signature, title, time, durations } = fields;
  const shared = [toUrlField(url), referrer, ...(signature?.all ?? [])];
  return [...shared, ...title.all, time, ...durations.all];
}

function toUrlField(url: PageUrl): Field | undefined {
  return isSafe(url) ? encodedField('url', url) : createField('url', url.text);
}

/** Whether it needs no check against Matomo's limit. */
function isSafe(url: PageUrl): boolean {
  return url.length <= SAFE_URL_LENGTH;
}
