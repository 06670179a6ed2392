import { coded } from '../../common/messages.js';
import { type ApiClient, ApiFailure } from '../matomo-api/api-client.js';
import { isTooOld, SPAM_PREVENTION, toConfigLines } from '../matomo-api/api-values.js';
import { confirm } from '../terminal.js';
import { type Applied, applyPlan, isPending } from './apply-plan.js';
import { toEnvironment } from './environment.js';
import { adviseSlots, findUnmapped, makePlan, type PlanStep, WHO_GRANTS } from './make-plan.js';
import type { SetupArguments } from './parse-arguments.js';
import { findSite, readMatomo } from './read-site.js';
import { formatPlan, formatState, formatUnmapped, type Report } from './report.js';
import type { Wanted } from './wanted.js';

/** What arguments and environment say about the site. */
export interface SetupTarget {
  /** URL of `matomo.php`. */
  readonly url: URL;
  readonly wanted: Wanted;
  /** The option `siteSearch`. */
  readonly keepsSearch: boolean;
}

/** Everything is as wanted; something was rejected, failed or was not confirmed; or something is blocked. */
type ExitCode = 0 | 1 | 3;

/** Plans, asks, applies and verifies. What is left to somebody else is printed last. */
export async function runSetup(
  client: ApiClient,
  target: SetupTarget,
  args: SetupArguments,
  report: Report,
): Promise<ExitCode> {
  const { wanted } = target;
  report.progress('Reading the site … ');
  await client.requireMatomo();
  const siteId = 'id' in wanted.site ? wanted.site.id : await findSite(client, wanted.site);
  const state = await readMatomo(client, siteId, wanted);
  report.progress('done\n');
  if (isTooOld(state.version)) {
    const what = `Matomo ${state.version} is older than Matomo 5`;
    throw new ApiFailure('matomo-too-old', what, 'Update Matomo');
  }
  if (siteId !== undefined && state.role === 'none') {
    const what = `The token has no access to site ${siteId}, or the site does not exist; ${WHO_GRANTS}`;
    const advice = `Correct MATOMO_SITE_ID, which is ${siteId}, or use another token`;
    throw new ApiFailure('site-unknown', what, advice);
  }
  const plan = makePlan(state, wanted);
  const pending = plan.filter(isPending).length;
  report.print(...formatState(state, target), '');
  report.print(...formatUnmapped(plan, findUnmapped(state, wanted)));
  report.print(...formatPlan(plan.filter((step) => !isOpen(step))));
  if (state.hasSpamPrevention) warnAboutSpamPrevention(report);
  keep(report, target, { plan, state }, pending === 0 && !args.isDry);
  if (pending > 0 && args.isDry) return printOpen(report, plan);
  let end: Applied = { plan, state };
  if (pending > 0) {
    if (!args.isConfirmed && !(await isConfirmed(pending, report))) {
      printOpen(report, plan);
      return 1;
    }
    end = await applyPlan(client, wanted, state, report);
    const done = end.plan.filter(isPending).length;
    report.print('', `Verified: ${done} of ${countChanges(pending)} made.`);
    keep(report, target, end, done === pending);
  }
  report.printEnvironment();
  return printOpen(report, end.plan);
}

/** Sets the result as far as it is known. */
function keep(
  report: Report,
  { url, wanted }: SetupTarget,
  { plan, state }: Applied,
  applied: boolean,
): void {
  const environment = toEnvironment(url, state, wanted);
  report.keep({ plan, applied, environment, advice: adviseSlots(plan).join(' ') || undefined });
}

/** Whether a step is not and will not be done. */
function isOpen({ action }: PlanStep): boolean {
  return action === 'blocked' || action === 'failed';
}

function printOpen(report: Report, plan: readonly PlanStep[]): ExitCode {
  const open = plan.filter(isOpen);
  if (open.length === 0) return 0;
  report.print('', ...formatPlan(open), ...adviseSlots(plan));
  return open.some(({ action }) => action === 'failed') ? 1 : 3;
}

function warnAboutSpamPrevention(report: Report): void {
  const found = `Matomo's plugin ${SPAM_PREVENTION} is active. It silently drops hits of clouds and headless browsers`;
  const advice = "If you want them, change its section in Matomo's config/config.ini.php";
  report.warn(coded('spam-prevention', `${found}. ${advice}.`));
  const lines = toConfigLines(['block_clouds', 'cloud_blocking_mode', 'block_headless']);
  report.print("To keep these hits, set this in Matomo's config/config.ini.php:", '', ...lines, '');
}

/** Asks at the terminal; false if there is none, or it does not show the plan. */
async function isConfirmed(pending: number, report: Report): Promise<boolean> {
  const isShown = !report.isJson && process.stdout.isTTY;
  const isYes = isShown ? await confirm(`Make ${countChanges(pending)} in Matomo?`) : undefined;
  const cause = ', because there is no terminal to confirm the plan. Run setup with --yes';
  if (!isYes) report.progress(`Nothing was changed${isYes === undefined ? cause : ''}.\n`);
  return isYes === true;
}

function countChanges(count: number): string {
  return count === 1 ? '1 change' : `${count} changes`;
}
