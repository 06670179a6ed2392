import type { InspectedHit } from '../inspected-hit.js';
import { type CheckedOptions, createFindRole, createFindSite } from '../inspector-options.js';
import { createAuthenticator } from '../rules/authenticate.js';
import { toText } from '../rules/cell.js';
import { type HitOutcome, refused } from '../rules/hit-outcome.js';
import { judgeHit } from '../rules/judge-hit.js';
import { toChatbotRules } from '../rules/matomo-version.js';
import type { Parameters, TrackerRequest } from '../rules/read-tracker-request.js';
import { createRowMemory } from '../rules/row-memory.js';
import { createSpamRules } from '../rules/spam-prevention.js';
import type { TrackerAnswer } from './played-answer.js';
import { toBulkAnswer, toSingleAnswer } from './tracker-answer.js';

/** Applies the rules, and keeps the state that they need between requests. */
export interface Tracker {
  /** Processes a request. Returns its hits in order of arrival, and the answer. */
  track(request: TrackerRequest): { hits: InspectedHit[]; answer: TrackerAnswer };
  /** Deletes stored rows and failed logins. */
  forget(): void;
}

const ROLLED_BACK = refused('rolled back with its bulk');

export function createTracker(options: CheckedOptions): Tracker {
  const findSite = createFindSite(options.sites);
  const authenticator = createAuthenticator(createFindRole(options.tokens));
  const clock = options.clock ?? Date.now;
  const memory = createRowMemory();
  const version = options.matomoVersion ?? 'newest';
  const chatbots = toChatbotRules(version, options.botTracking ?? true);
  const { spamPrevention = version === '6' ? {} : 'off' } = options;
  const spamRules = spamPrevention === 'off' ? undefined : createSpamRules(spamPrevention);

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
              spamRules,
              writeAccess: (site) => writeAccess(token, site),
              now: Math.floor(received / 1000),
              origin: request,
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
      return toInspectedHit(received, parameters, isRolledBack ? ROLLED_BACK : outcome);
    });
    const answer =
      request.kind === 'single'
        ? toSingleAnswer(request, outcomes[0])
        : toBulkAnswer(request, outcomes, superUser === 'granted');
    return { hits, answer };
  }

  function forget(): void {
    memory.clear();
    authenticator.forget();
  }

  return { track, forget };
}

function toInspectedHit(
  received: number,
  parameters: Parameters,
  { verdict, reason, stored, aiRequest, conversion, referrer }: HitOutcome = ROLLED_BACK,
): InspectedHit {
  const params = Object.entries(parameters).filter(([, value]) => value !== null);
  return {
    received,
    params: Object.fromEntries(
      params.map(([name, value]) => [name, name === 'token_auth' ? '…' : String(value)]),
    ),
    verdict,
    ...(reason === undefined ? {} : { reason }),
    stored,
    ...(aiRequest === undefined ? {} : { aiRequest }),
    ...(conversion === undefined ? {} : { conversion }),
    ...(referrer === undefined ? {} : { referrer }),
  };
}
