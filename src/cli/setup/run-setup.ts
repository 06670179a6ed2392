import { coded } from '../../common/messages.js';
import { toSiteId } from '../../hit/parameters/parameter-values.js';
import { isProcessed, tryToken } from '../doctor/questions.js';
import { type ApiClient, ApiFailure, isTooOld } from '../matomo-api.js';
import { explainRejectedToken } from '../rejected-token.js';
import { SPAM_PREVENTION, toConfigLines } from '../spam-prevention.js';
import { confirm } from '../terminal.js';
import {
  adviseSlots,
  blocked,
  findUnmapped,
  makePlan,
  PLAN_KINDS,
  type PlanStep,
  WHO_GRANTS,
} from './make-plan.js';
import { findSite, type MatomoState, quoteRefusal, readMatomo } from './read-site.js';
import { formatPlan, formatState, formatUnmapped, type Report, toEnvironment } from './report.js';
import type { Wanted } from './wanted.js';

/** Everything is as wanted; something was rejected, failed or was not confirmed; or something is blocked. */
type ExitCode = 0 | 1 | 3;

/** Plans, asks, applies and verifies. What is left to somebody else is printed last. */
export async function runSetup(
  client: ApiClient,
  wanted: Wanted,
  report: Report,
): Promise<ExitCode> {
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
  report.print(...formatState(state, wanted), '');
  report.print(...formatUnmapped(plan, findUnmapped(state, wanted)));
  report.print(...formatPlan(plan.filter((step) => !isOpen(step))));
  const rejected = await findRejection(state, wanted);
  if (rejected) report.warn(coded('token-rejected', `${rejected.found}. ${rejected.advice}`));
  if (state.hasSpamPrevention) warnAboutSpamPrevention(report);
  keep(report, wanted, { plan, state }, pending === 0 && !wanted.isDry);
  if (pending > 0 && wanted.isDry) return printOpen(report, plan);
  let end: Applied = { plan, state };
  if (pending > 0) {
    if (!wanted.isConfirmed && !(await isConfirmed(pending, report))) {
      printOpen(report, plan);
      return 1;
    }
    end = await applyPlan(client, wanted, state, report);
    const done = end.plan.filter(isPending).length;
    report.print('', `Verified: ${done} of ${countChanges(pending)} made.`);
    keep(report, wanted, end, done === pending);
  }
  report.printEnvironment();
  return printOpen(report, end.plan);
}

/** Lets the tracker try the token once: the API accepts some that the tracker rejects. */
async function findRejection(
  { site, role, version }: MatomoState,
  { tracker }: Pick<Wanted, 'tracker'>,
): Promise<ReturnType<typeof explainRejectedToken> | undefined> {
  if (site === undefined || role === 'view' || role === 'none') return undefined;
  const answer = await tryToken({ ...tracker, siteId: site.id });
  return isProcessed(answer, 'invalid')
    ? explainRejectedToken({ role, version }, site.id)
    : undefined;
}

/** Sets the result as far as it is known. */
function keep(report: Report, wanted: Wanted, { plan, state }: Applied, applied: boolean): void {
  const environment = toEnvironment(state, wanted);
  report.keep({ plan, applied, environment, advice: adviseSlots(plan).join(' ') || undefined });
}

/** Whether a step is still to be done, or was done. */
function isPending({ action }: PlanStep): boolean {
  return action === 'create' || action === 'reactivate';
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

/** A plan and what it is about. */
interface Applied {
  /** With the IDs of what was created, and with what failed. */
  readonly plan: readonly PlanStep[];
  /** As read after the last change. */
  readonly state: MatomoState;
}

/** Makes the changes of a plan one after the other, and verifies them by reading the site again. */
async function applyPlan(
  client: ApiClient,
  wanted: Wanted,
  before: MatomoState,
  report: Pick<Report, 'startStep' | 'progress'>,
): Promise<Applied> {
  const refusals = new Map<string, string>();
  let siteId = before.site?.id;
  // Another run may have created something since the plan was shown.
  let state = await readMatomo(client, siteId, wanted);
  for (const phase of PLAN_KINDS) {
    const due = makePlan(state, wanted).filter(({ kind, call }) => kind === phase && call);
    for (const step of due) {
      report.startStep(step);
      const { value, refused } = await makeChange(client, step);
      if (refused !== undefined) {
        refusals.set(keyOf(step), refused);
        // Fails if Matomo no longer accepts the token, of which each use would count toward a lock-out.
        state = await readMatomo(client, siteId, wanted);
      } else if (phase === 'site') siteId = toSiteId((value as { value?: unknown }).value);
      report.progress(refused === undefined ? 'done\n' : 'rejected\n');
    }
    if (due.length > 0) state = await readMatomo(client, siteId, wanted);
  }
  const after = new Map(makePlan(state, wanted).map((step) => [keyOf(step), step]));
  const plan = makePlan(before, wanted).map((step) =>
    isPending(step) ? verify(step, after.get(keyOf(step)), refusals.get(keyOf(step))) : step,
  );
  return { plan, state };
}

/** Makes the change of a step. Resolves to Matomo's value, or to why Matomo refused each attempt. */
async function makeChange(
  client: ApiClient,
  { call, fallback }: PlanStep,
): Promise<{ value?: unknown; refused?: string }> {
  const messages: string[] = [];
  for (const attempt of [call, fallback]) {
    if (attempt === undefined) continue;
    const result = await client.call(attempt);
    if (result.kind === 'value') return { value: result.value };
    messages.push(result.message);
  }
  return { refused: quoteRefusal(...messages) + adviseArchiving(messages) };
}

/** Matomo computes no segments in advance as long as a browser makes it compute reports. */
function adviseArchiving(refusals: readonly string[]): string {
  if (!refusals.some((message) => /browser triggered archiving/.test(message))) return '';
  const advice =
    '; set "Archive reports when viewed from the browser" to No in Administration > System > General settings, and let cron run core:archive';
  return refusals.length === 1 ? `${advice}, or run setup without --auto-archive` : advice;
}

function verify(
  step: PlanStep,
  after: PlanStep | undefined,
  refusal: string | undefined,
): PlanStep {
  const { kind, name, fallback } = step;
  if (after?.action === 'present') return { ...step, id: after.id };
  if (refusal !== undefined && fallback) return { kind, name, ...blocked(refusal) };
  if (refusal !== undefined) return { kind, name, action: 'failed', reason: refusal };
  if (after?.action === 'blocked') return after;
  if (!after?.call) return { kind, name, ...blocked('it needs what could not be created') };
  const reason = 'Matomo confirmed the change but does not list it; run setup again';
  return { kind, name, action: 'failed', reason };
}

function keyOf({ kind, name }: PlanStep): string {
  return `${kind} ${name}`;
}
