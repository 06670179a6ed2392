import { show } from '../../common/diagnostics.js';
import { coded } from '../../common/messages.js';
import { type ApiClient, ApiFailure } from '../matomo-api/api-client.js';
import { isTooOld, SPAM_PREVENTION, toConfigLines } from '../matomo-api/api-values.js';
import { confirm } from '../terminal.js';
import {
  findDimension,
  findUnmapped,
  type MappedDimensions,
  makePlan,
  type PlanKind,
  type PlanStep,
  type Wanted,
} from './make-plan.js';
import type { SetupArguments } from './parse-arguments.js';
import { findSite, type MatomoState, readMatomo } from './read-site.js';
import { quoteRefusal, REFUSALS } from './refusals.js';
import { formatPlan, formatProgress, formatState, formatUnmapped, type Report } from './report.js';

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

  report.keep({ plan, applied: false, environment: toEnvironment(url, state, wanted, mapped) });

  const pending = plan.filter(isPending).length;
  const finish = (end: readonly PlanStep[], endState: MatomoState, applied: boolean): boolean => {
    const environment = toEnvironment(url, endState, wanted, mapped);
    report.result({ plan: end, applied, environment });
    if (pending === 0 || endState !== state) printEnvironment(report, environment);
    return countBlocked(end) === 0;
  };

  if (pending === 0 || args.isDry) return finish(plan, state, !args.isDry);
  if (!args.isConfirmed && !(await isConfirmed(pending, report))) {
    finish(plan, state, false);
    return false;
  }
  const end = await applyPlan({
    client,
    wanted,
    mapped,
    state,
    onProgress(step, result) {
      report.start();
      if (result === undefined) report.progress(formatProgress(step));
      else report.progress(result.refusal === undefined ? 'done\n' : 'rejected\n');
    },
  });
  printOutcome(report, end.plan, pending);
  return finish(end.plan, end.state, countBlocked(end.plan) === countBlocked(plan));
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
  const reason = REFUSALS.needsView(siteId);
  const what = reason.charAt(0).toUpperCase() + reason.slice(1);
  const advice = `Correct MATOMO_SITE_ID, which is ${show(siteId)}, or use another token`;
  return new ApiFailure('site-unknown', what, advice);
}

/** In this order, because segments need the ID of a dimension, and everything needs the ID of the site. */
const PHASES: readonly PlanKind[] = ['site', 'dimension', 'goal', 'segment'];

interface ApplyOptions {
  readonly client: ApiClient;
  readonly wanted: Wanted;
  readonly mapped: MappedDimensions;
  readonly state: MatomoState;
  /** Called before and after each change. */
  readonly onProgress: (step: PlanStep, result?: { readonly refusal?: string }) => void;
}

interface Applied {
  /** The plan with the IDs of what was created. Steps that failed are blocked. */
  readonly plan: readonly PlanStep[];
  /** As read after the last change. */
  readonly state: MatomoState;
}

/** Makes the changes of a plan one after the other, and verifies them by reading the site again. */
async function applyPlan(options: ApplyOptions): Promise<Applied> {
  const { client, wanted, mapped, onProgress } = options;
  const refusals = new Map<string, string>();
  let { state } = options;
  let siteId = state.site?.id;
  const before = makePlan(state, wanted, mapped);
  for (const phase of PHASES) {
    const steps = makePlan(state, wanted, mapped).filter(({ kind }) => kind === phase);
    const due = steps.filter(({ call, action }) => call && action !== 'present');
    for (const step of due) {
      onProgress(step);
      const result = await client.call(step.call as NonNullable<PlanStep['call']>);
      const refusal = result.kind === 'refused' ? quoteRefusal(result.message) : undefined;
      if (refusal !== undefined) {
        refusals.set(keyOf(step), refusal);
        // Fails if Matomo no longer accepts the token, of which each use would count toward a lock-out.
        state = await readMatomo(client, siteId);
      } else if (result.kind === 'value' && phase === 'site') siteId = idOf(result.value);
      onProgress(step, refusal === undefined ? {} : { refusal });
    }
    if (due.length > 0) state = await readMatomo(client, siteId);
  }
  const after = new Map(makePlan(state, wanted, mapped).map((step) => [keyOf(step), step]));
  const plan = before.map((step) => verify(step, after.get(keyOf(step)), refusals));
  return { plan, state };
}

function verify(
  step: PlanStep,
  after: PlanStep | undefined,
  refusals: ReadonlyMap<string, string>,
): PlanStep {
  if (step.action === 'present' || step.action === 'blocked') return step;
  if (after?.action === 'present') {
    const { id } = after;
    return { ...step, ...(id !== undefined && { id }) };
  }
  const { kind, name } = step;
  const silent = 'Matomo confirmed the change but does not list it; run setup again';
  const reason = refusals.get(keyOf(step)) ?? after?.reason ?? silent;
  return { action: 'blocked', kind, name, reason };
}

function keyOf({ kind, name }: PlanStep): string {
  return `${kind} ${name}`;
}

function idOf(value: unknown): number | undefined {
  const id = Number((value as { value?: unknown }).value);
  return Number.isInteger(id) && id > 0 ? id : undefined;
}

/** Printed instead of the token that setup used. */
const TOKEN_PLACEHOLDER = '<your token>';
/** Printed if that token cannot be used for tracking. */
const OTHER_TOKEN_PLACEHOLDER = '<token with write access>';

/** The variables that an application needs for this site, as far as IDs are known. */
function toEnvironment(
  url: URL,
  state: MatomoState,
  wanted: Wanted,
  mapped: MappedDimensions,
): Record<string, string> {
  if (state.site === undefined) return {};
  const dimensions = toMapping(state, wanted, mapped);
  return {
    MATOMO_URL: url.href.replace(/\/matomo\.php$/, ''),
    MATOMO_SITE_ID: String(state.site.id),
    MATOMO_TOKEN_AUTH: state.role === 'view' ? OTHER_TOKEN_PLACEHOLDER : TOKEN_PLACEHOLDER,
    ...(dimensions !== '' && { MATOMO_DIMENSIONS: dimensions }),
    // Matomo would drop them.
    ...(!state.hasCustomVariables && { MATOMO_MAX_CUSTOM_VARIABLES: '0' }),
  };
}

/** Formats variables for a POSIX shell. */
function toExportLines(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}`);
}

/** Whether a step is still to be done. */
function isPending({ action }: PlanStep): boolean {
  return action === 'create' || action === 'reactivate';
}

/** The value of MATOMO_DIMENSIONS. Its entries are kept, unless the site has no dimension with that ID and another one for the attribute. */
function toMapping(state: MatomoState, wanted: Wanted, mapped: MappedDimensions): string {
  const found = wanted.dimensions.flatMap((dimension) => {
    const { id } = findDimension(state, dimension, mapped) ?? {};
    return id === undefined ? [] : [[String(id), dimension.attribute] as const];
  });
  const attributes = new Set<unknown>(found.map(([, attribute]) => attribute));
  const ids = new Set(state.dimensions.map(({ id }) => String(id)));
  const kept = Object.entries(mapped).filter(
    ([id, attribute]) => ids.has(id) || !attributes.has(attribute),
  );
  const all = Object.entries({ ...Object.fromEntries(found), ...Object.fromEntries(kept) });
  return all.map(([id, attribute]) => `${id}=${String(attribute)}`).join(',');
}

function quote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
