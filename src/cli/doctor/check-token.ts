import type { ResolvedOptions } from '../../options/resolved-options.js';
import { type Finding, ok, problem, unknown, warning } from './finding.js';
import { type Answer, isProcessed, type Questions } from './tracker-questions.js';

/** Asks at most once, as more than 20 refusals in an hour lock this address out of Matomo. */
export async function checkToken(
  questions: Questions,
  { tokenAuth, siteId, pageViews }: ResolvedOptions,
): Promise<{ findings: Finding[]; isGood: boolean }> {
  if (tokenAuth === undefined && !pageViews) {
    const found = 'no token: none is needed, as page views of people are not sent';
    return { findings: [ok('token', found)], isGood: false };
  }
  if (tokenAuth === undefined) {
    const found = 'no token: Matomo takes the address of this machine for that of every caller';
    const advice =
      'Set MATOMO_TOKEN_AUTH to the token of a user with write access, if callers matter.';
    return { findings: [warning('token', 'no-token', found, advice)], isGood: false };
  }
  const answer = await questions.token();
  if (isProcessed(answer, 'tracked')) {
    return { findings: [ok('token', `the token may write to site ${siteId}`)], isGood: true };
  }
  return { findings: [refusedToken(answer, siteId)], isGood: false };
}

function refusedToken(answer: Answer, siteId: ResolvedOptions['siteId']): Finding {
  const { verdict } = answer;
  if (isProcessed(answer, 'invalid')) {
    const found = `the token may not write to site ${siteId}; it was tried once, and more than 20 such tries in an hour lock this address out. The try leaves an entry in Matomo's tracking failures`;
    const advice =
      'Set MATOMO_TOKEN_AUTH to the token of a user with write access to that site. The entry, under Administration > System > Tracking failures, can be deleted.';
    return problem('token', 'token-refused', found, advice);
  }
  if (verdict.kind === 'rolled_back') {
    const found =
      'Matomo failed at the token, which was tried once; that of a super user is refused so where this address is locked out, or where it is for secure requests only';
    const advice =
      'Use the ordinary token of a user with write access, and wait an hour after a lock-out.';
    return problem('token', 'token-refused', found, advice);
  }
  const found = 'reason' in verdict ? verdict.reason : 'Matomo said nothing of the token';
  return unknown('token', `${found}; the token was tried once`, 'Run this again later.');
}
