import { show } from '../../common/diagnostics.js';
import { coded } from '../../common/messages.js';
import { type ApiClient, ApiFailure } from '../matomo-api/api-client.js';
import { isTooOld, SPAM_PREVENTION, toConfigLines } from '../matomo-api/api-values.js';
import { confirm } from '../terminal.js';
import { applyPlan, isPending } from './apply-plan.js';
import { toEnvironment, toExportLines } from './environment.js';
import {
  findUnmapped,
  type MappedDimensions,
  makePlan,
  type PlanStep,
  type Wanted,
  WHO_GRANTS,
} from './make-plan.js';
import type { SetupArguments } from './parse-arguments.js';
import { findSite, type MatomoState, readMatomo } from './read-site.js';
import { formatPlan, formatState, formatUnmapped, type Report } from './report.js';

/** The settings of the environment. */
export interface SetupTarget {
  /** URL of `matomo.php`. */
  readonly url: URL;
  /** Added to each request, for a server in front of Matomo. */
  readonly headers: Readonly<Record<string, string>>;
  readonly site: Wanted['site'];
  readonly mapped: MappedDimensions;
  /** The option `siteSearch`. */
  readonly keepsSearch: boolean;
}

/** Plans, asks, applies and verifies. Resolves to whether everything is as wanted. */
export async function runSetup(
  client: ApiClient,
  target: SetupTarget,
  args: SetupArguments,
  report: Report,
): Promise<boolean> {
  const wanted: Wanted = { site: target.site, ...args.extras };
  const { mapped, url, keepsSearch } = target;
  report.progress('Reading the site … ');
  await client.requireMatomo();
  const siteId = 'id' in wanted.site ? wanted.site.id : await findSite(client, wanted.site);
  const state = await readMatomo(client, siteId);
  report.progress('done\n');
  if (isTooOld(state.version)) throw tooOld(state.version);
  if (siteId !== undefined && state.role === 'none') throw noSite(siteId);
  const plan = makePlan(state, wanted, mapped);
  report.print(...formatState(state, url.href.replace(/\/matomo\.php$/, ''), keepsSearch), '');
  report.print(...formatUnmapped(plan, findUnmapped(state, wanted, mapped)));
  report.print(...formatPlan(plan, report.isColored), '');
  if (state.hasSpamPrevention) warnAboutSpamPrevention(report);
  const pending = plan.filter(isPending).length;
  const toResult = (end: readonly PlanStep[], endState: MatomoState, applied: boolean) => {
    return { plan: end, applied, environment: toEnvironment(url, endState, wanted, mapped) };
  };
  const planned = toResult(plan, state, pending === 0 && !args.isDry);
  report.keep(planned);
  if (pending === 0) printEnvironment(report, planned.environment);
  if (pending === 0 || args.isDry) return countBlocked(plan) === 0;
  if (!args.isConfirmed && !(await isConfirmed(pending, report))) return false;
  const end = await applyPlan({ client, wanted, mapped, state, report });
  printOutcome(report, end.plan, pending);
  const done = toResult(end.plan, end.state, countBlocked(end.plan) === countBlocked(plan));
  report.keep(done);
  printEnvironment(report, done.environment);
  return countBlocked(end.plan) === 0;
}

function warnAboutSpamPrevention(report: Report): void {
  const found = `Matomo's plugin ${SPAM_PREVENTION} is active. It silently drops hits of clouds and headless browsers`;
  const advice = "If you want them, change its section in Matomo's config/config.ini.php";
  report.warn(coded('spam-prevention', `${found}. ${advice}.`));
  const lines = toConfigLines(['block_clouds', 'cloud_blocking_mode', 'block_headless']);
  report.print("To keep these hits, set this in Matomo's config/config.ini.php:", '', ...lines, '');
}

/** Asks at the terminal; false if there is none. */
async function isConfirmed(pending: number, report: Report): Promise<boolean> {
  if (report.isJson || !process.stdin.isTTY || !process.stdout.isTTY) {
    report.progress(
      'Nothing was changed, because there is no terminal to confirm the plan. Run setup with --yes.\n',
    );
    return false;
  }
  const isYes = await confirm(`Make ${countChanges(pending)} in Matomo?`);
  if (!isYes) report.progress('Nothing was changed.\n');
  return isYes;
}

function printOutcome(report: Report, plan: readonly PlanStep[], pending: number): void {
  const failed = plan.filter(({ action }) => action === 'blocked');
  const done = plan.filter(isPending).length;
  report.print('', `Verified: ${done} of ${countChanges(pending)} made.`);
  if (failed.length > 0) report.print(...formatPlan(failed, report.isColored));
}

function printEnvironment(report: Report, environment: Readonly<Record<string, string>>): void {
  const lines = toExportLines(environment);
  if (lines.length === 0) return;
  report.print('Set this where the application starts:', '');
  report.printEnvironment(...lines);
}

function countBlocked(plan: readonly PlanStep[]): number {
  return plan.filter(({ action, isOptional }) => action === 'blocked' && !isOptional).length;
}

function countChanges(count: number): string {
  return count === 1 ? '1 change' : `${count} changes`;
}

function tooOld(version: string | undefined): ApiFailure {
  const what = `Matomo ${version} is older than Matomo 5`;
  return new ApiFailure('matomo-too-old', what, 'Update Matomo');
}

function noSite(siteId: number): ApiFailure {
  const what = `The token has no access to site ${siteId}, or the site does not exist; ${WHO_GRANTS}`;
  const advice = `Correct MATOMO_SITE_ID, which is ${show(siteId)}, or use another token`;
  return new ApiFailure('site-unknown', what, advice);
}
