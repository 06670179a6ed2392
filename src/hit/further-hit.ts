import { rawField } from './field.js';
import { callBeforeSend, hideCaller, toHit } from './finish-hit.js';
import type { Hit } from './hit.js';
import type { HitBuilder, ToHitsOptions } from './hit-builder.js';
import type { HttpRequest } from './http-request.js';
import { findKnownFields, KnownFields } from './known-fields.js';
import { type ReportProblem, toCustomVariables } from './parameters/custom-variables.js';
import { overrideAll } from './parameters/overrides.js';
import { DECIDING_KIND, SHARED } from './parameters/parameter-table.js';

/** A hit besides the page view, as `trackEvent` and its siblings or a span event describe it. */
export interface FurtherHit {
  /** By Matomo's names, as given: not yet checked. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The time of the call, epoch milliseconds. */
  readonly epochMillis: number;
}

/** The same with parameters that Matomo stores as they are. */
export interface CheckedHit {
  readonly given: KnownFields;
  readonly epochMillis: number;
}

/** The value of a parameter of a hit. */
export function parameterOf({ given }: CheckedHit, name: string): string | undefined {
  return given.fields.find((field) => field.name === name)?.value;
}

/** Why a further hit is not sent and no part of `hits`. */
export type DropReason = 'too_many' | 'no_visitor' | 'invalid' | 'predicate';

/** A request may have so many further hits: a loop that calls `trackEvent` must not flood Matomo. */
export const MAX_FURTHER_HITS = 100;
/** Logged if a request has more. */
export const TOO_MANY_HITS: string = `A request has more than ${MAX_FURTHER_HITS} further hits. The others were dropped. Track one hit with the total instead.`;

export interface CheckOptions {
  readonly hasToken: boolean;
  readonly maxCustomVariables: number;
}

/** The parameters of a further hit as they may be sent; `undefined` if Matomo would store something else. */
export function checkFurtherHit(
  hit: FurtherHit,
  options: CheckOptions,
  report: ReportProblem,
): CheckedHit | undefined {
  const { parameters, epochMillis } = hit;
  const given = findKnownFields(parameters) ?? readFields(parameters, options, report);
  if (!given) return undefined;
  const isWhole = (parameters.e_c === undefined) === (parameters.e_a === undefined);
  if (!isWhole) {
    report(
      'further event',
      () => 'An event needs both e_c and e_a. The hit was dropped. Set both.',
    );
    return undefined;
  }
  if (given.ownCount === 0) {
    report(
      'further nothing',
      () => 'A hit has no parameters of its own. It was dropped. Set what it is about.',
    );
    return undefined;
  }
  return { given, epochMillis };
}

/** Reports and leaves out what Matomo would reject. */
function readFields(
  parameters: FurtherHit['parameters'],
  { hasToken, maxCustomVariables }: CheckOptions,
  report: ReportProblem,
): KnownFields | undefined {
  const checked = new Map<string, string>();
  overrideAll(checked, parameters, hasToken, report, 'a further hit');
  // Without the value that decides its kind, the hit would become a page view.
  const lost = [...DECIDING_KIND].find(
    (name) => parameters[name] !== undefined && !checked.has(name),
  );
  if (lost !== undefined) {
    report(
      `further ${lost}`,
      () => `A hit has an invalid "${lost}". It was dropped. Correct the value.`,
    );
    return undefined;
  }
  const { cvar } = parameters;
  if (typeof cvar === 'object' && cvar !== null && maxCustomVariables > 0) {
    const variables = new Map(Object.entries(cvar));
    checked.set('cvar', toCustomVariables(variables, maxCustomVariables, report));
  }
  return new KnownFields([...checked].map(([name, value]) => rawField(name, value)));
}

/** Builds the hits besides the page view. */
export interface FurtherHitBuilder {
  /** Of a request, in whose visit Matomo stores it; `undefined` if `beforeSend` drops it. */
  buildHit(hit: CheckedHit, request: HttpRequest, site: number, nowMillis: number): Hit | undefined;
  /** Of no request: the hit itself names its visitor. */
  buildLooseHit(hit: CheckedHit, site: number, nowMillis: number): Hit | undefined;
}

export function createFurtherHitBuilder(
  options: ToHitsOptions,
  builder: HitBuilder,
  report: ReportProblem,
): FurtherHitBuilder {
  const { beforeSend, hasToken } = options;

  function finish(
    parameters: Map<string, string>,
    { given, epochMillis }: CheckedHit,
    nowMillis: number,
  ): Hit | undefined {
    parameters.set('cdt', String(Math.floor(Math.min(epochMillis, nowMillis) / 1000)));
    for (const { name, value } of given.fields) parameters.set(name, value);
    const sent = callBeforeSend(parameters, beforeSend, hasToken, report);
    if (sent === undefined) return undefined;
    hideCaller(sent, options);
    return toHit(sent, 'page');
  }

  return {
    buildHit(hit, request, site, nowMillis) {
      const { given, epochMillis } = hit;
      const plain = given.hasShared ? undefined : builder.toPlain(request, site, nowMillis);
      if (plain) {
        const { visitor, startSeconds } = plain.hit;
        const calledSeconds = Math.floor(Math.min(epochMillis, nowMillis) / 1000);
        const query = `${plain.shared}&cdt=${calledSeconds}${given.text}`;
        const isPlain = !given.text.includes('recMode');
        return { site, visitor, startSeconds, kind: 'page', query, isPlain };
      }
      const page = builder.toParameters(request, site, nowMillis);
      const parameters = new Map([
        ['idsite', page.get('idsite') as string],
        ['rec', '1'],
        ['apiv', '1'],
      ]);
      for (const [name, value] of page) if (SHARED.has(name)) parameters.set(name, value);
      const otherSite = parameterOf(hit, 'idsite');
      const derived = builder.toVisitorId(request, Number(page.get('idsite')), nowMillis);
      if (otherSite !== undefined && derived !== undefined && page.get('cid') === derived) {
        const id = builder.toVisitorId(request, Number(otherSite), nowMillis);
        if (id !== undefined) parameters.set('cid', id);
      }
      const made = finish(parameters, hit, nowMillis);
      const startSeconds = Number(page.get('cdt')) - Number(page.get('cdo') ?? 0);
      return made && { ...made, startSeconds };
    },

    buildLooseHit(hit, site, nowMillis) {
      const parameters = new Map([
        ['idsite', String(site)],
        ['rec', '1'],
        ['apiv', '1'],
      ]);
      if (options.trackBots) parameters.set('bots', '1');
      parameters.set('ua', '-'); // an empty one is replaced by our own client's
      return finish(parameters, hit, nowMillis);
    },
  };
}
