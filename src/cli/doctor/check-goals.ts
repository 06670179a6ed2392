import type { ResolvedOptions } from '../../options/resolved-options.js';
import { listOf } from '../matomo-api/result-values.js';
import { type Finding, ok, problem, unknown } from './finding.js';
import { callAll } from './read-api-facts.js';

/** Whether the site has these goals: Matomo rejects conversions of others. */
export async function checkGoals(
  options: ResolvedOptions,
  goals: readonly number[],
  hasGoodToken: boolean,
): Promise<Finding> {
  const { siteId } = options;
  const call = { method: 'Goals.getGoals', params: { idSite: String(siteId) } };
  const [result] = (hasGoodToken && (await callAll(options, [call]))) || [];
  if (result?.kind !== 'value') {
    const found = `cannot tell which goals site ${siteId} has: there is no token with access to Matomo's API`;
    return unknown('goals', found, 'Compare the IDs in Goals > Manage Goals.');
  }
  const known = listOf(result).map(({ idgoal }) => Number(idgoal));
  const missing = goals.filter((id) => !known.includes(id));
  if (missing.length === 0) return ok('goals', `site ${siteId} has ${nameOf(goals)}`);
  const has = known.length === 0 ? 'has no goals' : `has only ${nameOf(known)}`;
  const found = `site ${siteId} ${has}: Matomo rejects conversions of ${nameOf(missing)}`;
  const advice = 'Create them in Goals > Manage Goals, or correct the IDs in trackGoal.';
  return problem('goals', 'hits-invalid', found, advice);
}

function nameOf(goals: readonly number[]): string {
  return `${goals.length === 1 ? 'goal' : 'goals'} ${goals.join(', ')}`;
}
