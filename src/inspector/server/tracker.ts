import type { InspectedHit } from '../inspected-hit.js';
import { createFindRole, type ResolvedInspector } from '../inspector-options.js';
import { toText, withoutNull } from '../rules/cell.js';
import { judgeHit } from '../rules/judge-hit.js';
import { type HitOutcome, refused } from '../rules/judged-hit.js';
import { type ParameterValue, parseJson, toInteger } from '../rules/php-values.js';
import type { Parameters, TrackerRequest } from '../rules/read-tracker-request.js';
import { createFindSpam } from '../rules/spam-prevention.js';
import { toChatbotRules } from '../rules/store-ai-request.js';
import { createAuthenticator, createRowMemory } from '../rules/tracker-memory.js';
import type { FindSite, Site } from '../sites.js';
import type { TrackerAnswer } from './played-answer.js';

const ROLLED_BACK = refused('rolled back with its bulk');

/** Applies the rules, decides about bulks by what became of their hits, and keeps the state that rules need between requests. */
export function createTracker(options: ResolvedInspector, findSite: FindSite) {
  const { customVariables, clock, spamPrevention } = options;
  const authenticator = createAuthenticator(createFindRole(options.tokens));
  const memory = createRowMemory();
  const chatbots = toChatbotRules(options.matomoVersion, options.botTracking);
  const findSpam = spamPrevention === 'off' ? undefined : createFindSpam(spamPrevention);

  /** Processes a request. Returns its hits in order of arrival, and the answer. */
  function track(request: TrackerRequest): { hits: InspectedHit[]; answer: TrackerAnswer } {
    const received = clock();
    const { writeAccess, superAccess } = authenticator.authenticate(request.address, received);
    const superUser = superAccess(request.token || request.addressToken);
    const rows = memory.begin();
    const outcomes: HitOutcome[] = [];
    for (const parameters of request.hits) {
      const token = request.token || toText(parameters.token_auth);
      const outcome =
        superAccess(token) === 'locked'
          ? refused('token_auth: too many failed logins')
          : judgeHit(parameters, {
              findSite,
              chatbots,
              customVariables,
              findSpam,
              writeAccess: (site) => writeAccess(token, site),
              now: Math.floor(received / 1000),
              request,
              rows,
            });
      outcomes.push(outcome);
      if (outcome.verdict === 'refused') break;
    }
    const isRefused = outcomes.at(-1)?.verdict === 'refused';
    if (!isRefused) rows.commit();
    const hits = request.hits.map((parameters, index) => {
      const outcome = outcomes[index];
      const isRolledBack = isRefused && outcome?.verdict !== 'refused';
      const became = isRolledBack ? ROLLED_BACK : outcome;
      return toInspectedHit(received, parameters, findSite, became);
    });
    const answer =
      request.kind === 'single'
        ? toSingleAnswer(request, outcomes[0])
        : toBulkAnswer(request, outcomes, superUser === 'granted');
    return { hits, answer };
  }

  /** Deletes stored rows and failed logins. */
  function forget(): void {
    memory.clear();
    authenticator.forget();
  }

  return { track, forget };
}

function toInspectedHit(
  received: number,
  parameters: Parameters,
  findSite: FindSite,
  { keepsVisit, fatal, ...outcome }: HitOutcome = ROLLED_BACK,
): InspectedHit {
  const { aiRequest } = outcome;
  const site = findSite(toInteger(parameters.idsite) ?? 0);
  const status = aiRequest ? aiRequest.statusCode : readStatus(parameters, site);
  const params = Object.entries(parameters).filter(([, value]) => value !== null);
  const shown = params.map(([name, value]) => [name, name === 'token_auth' ? '…' : String(value)]);
  return withoutNull<InspectedHit>({
    received,
    params: Object.fromEntries(shown),
    ...outcome,
    status,
  });
}

const IMAGE = Buffer.from('R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');
const INFO = `This resource is part of Matomo. <br>
This file is the endpoint of the tracking API.`;

/** The answer to a bulk: 200 with counters, or 500 if one hit failed and all were rolled back. */
function toBulkAnswer(
  request: TrackerRequest,
  outcomes: readonly HitOutcome[],
  isSuper: boolean,
): TrackerAnswer {
  const last = outcomes.at(-1);
  const failed = last?.verdict === 'refused';
  if (last?.fatal) return { status: 500, contentType: 'text/html', body: '' };
  if (!failed && !request.sendImage) {
    return { status: 204, contentType: 'application/json', body: '' };
  }
  const invalid = outcomes.flatMap(({ verdict }, index) => (verdict === 'invalid' ? [index] : []));
  const counters = {
    status: failed ? 'error' : 'success',
    tracked: outcomes.length - invalid.length - (failed ? 1 : 0),
    // A failed bulk names no invalid hits, though those before the failure are not in `tracked`.
    invalid: failed ? 0 : invalid.length,
    ...(isSuper ? { invalid_indices: failed ? [] : invalid } : {}),
  };
  return {
    status: failed ? 500 : 200,
    contentType: 'application/json',
    body: JSON.stringify(counters),
  };
}

/** The answer to a single hit: an image, nothing, or 400 without a reason. */
function toSingleAnswer(
  { method, sendImage }: TrackerRequest,
  outcome: HitOutcome | undefined,
): TrackerAnswer {
  if (outcome === undefined) {
    return {
      status: /^(?:GET|HEAD)$/.test(method) ? 200 : 400,
      contentType: 'text/html',
      body: INFO,
    };
  }
  if (outcome.fatal) return { status: 500, contentType: 'text/html', body: '' };
  const failed = outcome.verdict === 'invalid' || outcome.verdict === 'refused';
  if (sendImage) {
    const body = failed ? Buffer.concat([IMAGE, Buffer.from(INFO)]) : IMAGE;
    return { status: failed ? 400 : 200, contentType: 'image/gif', body };
  }
  if (failed) return { status: 400, contentType: 'text/html', body: INFO };
  return { status: 204, contentType: 'text/html', body: '' };
}

/** The name that `setup` gives to the dimension. */
const DIMENSION = 'HTTP status';
const VARIABLE = 'http_status_code';

/** The status of the response that a hit reports, whether Matomo stores it or not. */
function readStatus(parameters: Parameters, site: Site | undefined): number | undefined {
  const { id } = site?.dimensions.find(({ name }) => name === DIMENSION) ?? {};
  const sent =
    toText(parameters[`dimension${id}`]) || findVariable(parameters.cvar) || parameters.http_status;
  const status = toInteger(sent);
  return status !== undefined && status >= 0 ? status : undefined;
}

function findVariable(cvar: ParameterValue): string {
  const pairs = Object.values(parseJson(toText(cvar)));
  const [, status] = pairs.find((pair) => Array.isArray(pair) && pair[0] === VARIABLE) ?? [];
  return typeof status === 'object' ? '' : String(status ?? '');
}
