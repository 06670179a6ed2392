import type { ResolvedOptions } from '../../options/resolved-options.js';
import { type Finding, ok, problem, unknown, warning } from './finding.js';
import { type Answer, isProcessed, type Questions } from './tracker-questions.js';

/** Tries the token at most once: more than 20 rejections in an hour lock this address out of Matomo. */
export async function checkToken(
  questions: Questions,
  { tokenAuth, siteId, pageViews }: ResolvedOptions,
): Promise<{ findings: Finding[]; isGood: boolean }> {
  if (tokenAuth === undefined && !pageViews) {
    const found = 'no token is set, and none is needed, because page views are not sent';
    return { findings: [ok('token', found)], isGood: false };
  }
  if (tokenAuth === undefined) {
    const found = 'no token is set: Matomo stores the address of this machine for every visitor';
    const advice =
      'To track the addresses of visitors, set MATOMO_TOKEN_AUTH to the token of a user with write access.';
    return { findings: [warning('token', 'no-token', found, advice)], isGood: false };
  }
  const answer = await questions.token();
  if (isProcessed(answer, 'tracked')) {
    return {
      findings: [ok('token', `the token has write access to site ${siteId}`)],
      isGood: true,
    };
  }
  return { findings: [refusedToken(answer, siteId)], isGood: false };
}

function refusedToken(answer: Answer, siteId: ResolvedOptions['siteId']): Finding {
  const { verdict } = answer;
  if (isProcessed(answer, 'invalid')) {
    const found = `the token has no write access to site ${siteId}. It was tried once: more than 20 rejections in an hour lock this address out. The attempt left an entry in Matomo's tracking failures`;
    const advice =
      'Set MATOMO_TOKEN_AUTH to the token of a user with write access to that site. You can delete the entry in Administration > System > Tracking failures.';
    return problem('token', 'token-rejected', found, advice);
  }
  if (verdict.kind === 'rolled_back') {
    const found =
      "Matomo failed when it checked the token, which was tried once. It does that to a super user's token if this address is locked out, or if the token is for secure requests only";
    const advice =
      'Use the token of a user with write access who is not a super user, and wait an hour after a lock-out.';
    return problem('token', 'token-rejected', found, advice);
  }
  const found =
    'reason' in verdict ? verdict.reason : 'Matomo did not say whether it accepts the token';
  return unknown('token', `${found}; the token was tried once`, 'Run doctor again later.');
}
