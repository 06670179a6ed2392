import type { HitOutcome } from './hit-outcome.js';
import type { InspectedHit } from './inspected-hit.js';
import { createFindRole, createFindSite, type InspectorOptions } from './inspector-options.js';
import { judgeHit } from './judge-hit.js';
import type { TrackerAnswer } from './played-answer.js';
import type { Parameters, TrackerRequest } from './read-tracker-request.js';
import { toBulkAnswer, toSingleAnswer } from './tracker-answer.js';

/** Processes a request: the hits in order of arrival and the answer to give. */
export type Track = (request: TrackerRequest) => { hits: InspectedHit[]; answer: TrackerAnswer };

/** The tracker of one inspector. Its rules are those measured on a real Matomo. */
export function createTracker(options: InspectorOptions): Track {
  const findSite = createFindSite(options.sites);
  const findRole = createFindRole(options.tokens);
  const clock = options.clock ?? Date.now;

  return function track(request) {
    const received = clock();
    const now = Math.floor(received / 1000);
    const outcomes: HitOutcome[] = [];
    let failed = false;
    for (const parameters of request.hits) {
      const token = request.token ?? parameters.token_auth ?? '';
      const outcome = judgeHit(parameters, {
        findSite,
        mayWrite: (site) => /^(?:write|admin|super)$/.test(findRole(token, site) ?? ''),
        now,
        userAgent: request.headers['user-agent'] ?? '',
      });
      outcomes.push(outcome);
      failed = outcome.verdict === 'refused';
      if (failed) break;
    }
    const isSuper = request.token !== undefined && findRole(request.token, 0) === 'super';
    const answer = request.bulk
      ? toBulkAnswer(request, outcomes, isSuper)
      : toSingleAnswer(request, outcomes);
    const hits = request.hits.map((parameters, index) =>
      toInspectedHit(
        received,
        parameters,
        failed && request.bulk ? rollBack(outcomes[index]) : outcomes[index],
      ),
    );
    return { hits, answer };
  };
}

const ROLLED_BACK: HitOutcome = {
  verdict: 'refused',
  reason: 'rolled back with its bulk',
  stored: null,
};

function rollBack(outcome: HitOutcome | undefined): HitOutcome {
  return outcome?.verdict === 'refused' ? outcome : ROLLED_BACK;
}

function toInspectedHit(
  received: number,
  parameters: Parameters,
  outcome: HitOutcome = ROLLED_BACK,
): InspectedHit {
  const params = Object.entries(parameters).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  return {
    received,
    params: Object.fromEntries(params),
    verdict: outcome.verdict,
    ...(outcome.reason === undefined ? {} : { reason: outcome.reason }),
    stored: outcome.stored,
  };
}
