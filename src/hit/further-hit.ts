import { type Field, FieldGroup, HitFields, joinFields, rawField, siteFields } from './field.js';
import { callBeforeSend, hideVisitor, toHit } from './finish-hit.js';
import type { Hit } from './hit.js';
import type { HitBuilder, ToHitsOptions } from './hit-builder.js';
import type { HttpRequest } from './http-request.js';
import type { McpCall } from './mcp-call.js';
import type { RedactUrls } from './page/redact-urls.js';
import { type ReportProblem, toCustomVariables } from './parameters/custom-variables.js';
import { overrideAll } from './parameters/overrides.js';
import { DECIDING_KIND, SHARED } from './parameters/parameter-table.js';

/** A hit besides the page view, as `trackEvent` and its siblings or a span event describe it. */
export interface FurtherHit {
  /** By Matomo's names, not yet checked. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The time of the call, epoch milliseconds. */
  readonly epochMillis: number;
  /** A call of an MCP server, which the hit is about. */
  readonly call?: McpCall;
}

/** The same with parameters that Matomo stores as they are. */
export interface CheckedHit {
  readonly fields: FieldGroup;
  readonly epochMillis: number;
}

/** The value of a parameter of a hit. */
export function parameterOf({ fields }: CheckedHit, name: string): string | undefined {
  return fields.fields.find((field) => field.name === name)?.value;
}

/** Why a further hit is not sent and no part of `hits`. */
export type DropReason = 'too_many' | 'no_visitor' | 'invalid' | 'predicate';

export interface CheckOptions {
  readonly hasToken: boolean;
  readonly maxCustomVariables: number;
  readonly redactUrls: RedactUrls;
}

/** The parameters of a further hit as they may be sent; `undefined` if Matomo would store something else. */
export function checkFurtherHit(
  hit: FurtherHit,
  options: CheckOptions,
  report: ReportProblem,
): CheckedHit | undefined {
  const { parameters, epochMillis } = hit;
  const fields = readFields(parameters, options, report);
  if (!fields) return undefined;
  const isWhole = (parameters.e_c === undefined) === (parameters.e_a === undefined);
  if (!isWhole) {
    report(
      'further event',
      () => 'An event needs both e_c and e_a. The hit was dropped. Set both.',
    );
    return undefined;
  }
  if (fields.fields.every(({ name }) => SHARED.has(name) && name !== 'url')) {
    report(
      'further nothing',
      () => 'A hit has no parameters of its own. It was dropped. Set what it is about.',
    );
    return undefined;
  }
  return { fields, epochMillis };
}

/** Reports and leaves out what Matomo would reject. */
function readFields(
  parameters: FurtherHit['parameters'],
  { hasToken, maxCustomVariables, redactUrls }: CheckOptions,
  report: ReportProblem,
): FieldGroup | undefined {
  const checked = new HitFields();
  overrideAll(checked, redactUrls(parameters), hasToken, report, 'a further hit');
  // Without the value that decides its kind, the hit would become a page view.
  for (const name of DECIDING_KIND) {
    if (parameters[name] === undefined || checked.has(name)) continue;
    report(
      `further ${name}`,
      () => `A hit has an invalid "${name}". It was dropped. Correct the value.`,
    );
    return undefined;
  }
  const { cvar } = parameters;
  if (typeof cvar === 'object' && cvar !== null && maxCustomVariables > 0) {
    const variables = new Map(Object.entries(cvar));
    checked.set('cvar', toCustomVariables(variables, maxCustomVariables, report));
  }
  return new FieldGroup(checked.toList());
}

/** Builds the hits besides the page view. */
export interface FurtherHitBuilder {
  /** Of a request, in whose visit Matomo stores it; `undefined` if `beforeSend` drops it. */
  buildHit(hit: CheckedHit, request: HttpRequest, site: number, nowMillis: number): Hit | undefined;
  /** The hit itself names its visitor. */
  buildHitWithoutRequest(hit: CheckedHit, site: number, nowMillis: number): Hit | undefined;
}

export function createFurtherHitBuilder(
  options: ToHitsOptions,
  builder: HitBuilder,
  report: ReportProblem,
): FurtherHitBuilder {
  const { beforeSend, hasToken, hidesOtherUserIds = false, trackBots } = options;

  function timeOf({ epochMillis }: CheckedHit, nowMillis: number): Field {
    return rawField('cdt', String(Math.floor(Math.min(epochMillis, nowMillis) / 1000)));
  }

  function finish(fields: HitFields, hit: CheckedHit, nowMillis: number): Hit | undefined {
    fields.add(timeOf(hit, nowMillis));
    for (const field of hit.fields.fields) {
      if (field.name !== 'uid' || !hidesOtherUserIds) fields.add(field);
    }
    const sent = callBeforeSend(fields, beforeSend, hasToken, report);
    if (sent === undefined) return undefined;
    hideVisitor(sent, options, fields.get('uid'));
    return toHit(sent, 'page');
  }

  return {
    buildHit(hit, request, site, nowMillis) {
      const { fields } = hit.fields;
      const replacesShared = fields.some(({ name }) => SHARED.has(name) || name === 'cdt');
      const plain = replacesShared ? undefined : builder.toPlain(request, site, nowMillis);
      if (plain) {
        const query = joinFields([timeOf(hit, nowMillis), hit.fields], plain.beginning);
        const { visitor, startSeconds } = plain.hit;
        // No application can set `recMode`.
        return { site, visitor, startSeconds, kind: 'page', query, isPlain: true };
      }
      const page = builder.toParameters(request, site, nowMillis);
      const own = new HitFields(page.toList().filter(({ name }) => SHARED.has(name)));
      const otherSite = parameterOf(hit, 'idsite');
      const derived = builder.toVisitorId(request, Number(page.get('idsite')), nowMillis);
      if (otherSite !== undefined && derived !== undefined && page.get('cid') === derived) {
        const id = builder.toVisitorId(request, Number(otherSite), nowMillis);
        if (id !== undefined) own.set('cid', id);
      }
      const made = finish(own, hit, nowMillis);
      const startSeconds = Number(page.get('cdt')) - Number(page.get('cdo') ?? 0);
      return made && { ...made, startSeconds };
    },

    buildHitWithoutRequest(hit, site, nowMillis) {
      const fields = new HitFields([siteFields(site, trackBots)]);
      fields.set('ua', '-'); // an empty one is replaced by our own client's
      return finish(fields, hit, nowMillis);
    },
  };
}
