import { show, withoutUserInfo } from '../../common/diagnostics.js';
import type { Dimension } from '../matomo-api/api-values.js';
import { wrap } from '../terminal.js';
import { folderOf } from './environment.js';
import type { PlanStep } from './make-plan.js';
import type { MatomoState } from './read-site.js';
import type { SetupTarget } from './run-setup.js';

const PREFIX = 'opentelemetry-matomo setup: ';

/** The output of `--json`. */
export interface SetupResult {
  readonly plan: readonly PlanStep[];
  /** Whether everything that was planned to be created or reactivated exists; blocked steps do not count. */
  readonly applied: boolean;
  readonly environment: Readonly<Record<string, string>>;
  /** How to add the slots that dimensions lack. */
  readonly advice?: string | undefined;
  /** Why there is no plan, or why it was not completed. */
  readonly error?: string;
}

export interface Report extends ReturnType<typeof createReport> {}

/** Writes results to stdout and everything else to stderr. With `--json`, the only result is one object at the end. */
export function createReport(isJson: boolean) {
  const { stdout, stderr, env } = process;
  let clean = (text: string): string => text;
  let last: SetupResult = { plan: [], applied: false, environment: {} };
  let hasStarted = false;
  let isLineOpen = false;

  const safe = (text: string): string => clean(withoutUserInfo(text));
  function writeJson(result: SetupResult): void {
    const toShown = function (this: unknown, key: string, value: unknown): unknown {
      if (key === 'call' || key === 'fallback') return undefined;
      return typeof value === 'string' && this !== result.environment ? safe(value) : value;
    };
    stdout.write(`${JSON.stringify(result, toShown, 2)}\n`);
  }
  /** Writes progress without a line break. */
  function progress(text: string): void {
    if (isJson) return;
    stderr.write(safe(text));
    isLineOpen = !text.endsWith('\n');
  }

  return {
    isJson,
    progress,
    isColored: isColored(stdout, env),
    /** Applies a function to all text from now on, but for the environment, which users copy. */
    cleanWith(cleaner: (text: string) => string): void {
      clean = cleaner;
    },
    print(...lines: string[]): void {
      if (!isJson && lines.length > 0) stdout.write(`${lines.map(safe).join('\n')}\n`);
    },
    printEnvironment(...lines: string[]): void {
      if (!isJson) stdout.write(`${lines.join('\n')}\n`);
    },
    warn: (message: string): void => void stderr.write(`${PREFIX}${safe(message)}\n`),
    /** Announces a change of Matomo. */
    startStep({ action, kind, name }: PlanStep): void {
      hasStarted = true;
      progress(`${action === 'create' ? 'Creating' : 'Reactivating'} the ${kind} ${show(name)} … `);
    },
    /** Whether Matomo may have been changed. */
    hasStarted: () => hasStarted,
    /** Sets the result as far as it is known. */
    keep(result: SetupResult): void {
      last = result;
    },
    /** Writes the result with `--json`, and why it was not completed. */
    end(error?: string): void {
      if (isJson) writeJson(error === undefined ? last : { ...last, applied: false, error });
      else if (error !== undefined) {
        stderr.write(`${isLineOpen ? '\n' : ''}${PREFIX}${safe(error)}\n`);
      }
    },
  };
}

/** Whether to use colors: only on a terminal, and only if its user has not disabled them. */
export function isColored(
  { isTTY }: Pick<NodeJS.WriteStream, 'isTTY'>,
  { NO_COLOR, TERM }: Readonly<NodeJS.ProcessEnv>,
): boolean {
  return isTTY && !NO_COLOR && TERM !== 'dumb';
}

type Action = PlanStep['action'];

const MARKS: Readonly<Record<Action, { readonly mark: string; readonly color: number }>> = {
  create: { mark: '+', color: 32 },
  reactivate: { mark: '~', color: 33 },
  present: { mark: '=', color: 2 },
  blocked: { mark: '!', color: 33 },
  failed: { mark: '✗', color: 31 },
};
const ACTIONS = Object.keys(MARKS) as Action[];

/** Formats what was found in Matomo. */
export function formatState(
  { version, role, site, hasCustomVariables }: MatomoState,
  { url, keepsSearch }: SetupTarget,
): string[] {
  const about = site ? `Site ${site.id} ${show(site.name)}` : 'A new site';
  const variables =
    'The plugin CustomVariables is off: without dimensions, Matomo stores neither status nor method.';
  const search =
    'Site search is on in Matomo and in MATOMO_SITE_SEARCH: requests with a parameter such as q become site searches. Setup does not change that.';
  return [
    `Matomo ${version ?? '(version not shown)'} at ${folderOf(url)}`,
    `${about}, token ${formatRole(role)}`,
    ...(hasCustomVariables ? [] : wrap('', variables)),
    ...(keepsSearch && site?.hasSiteSearch ? wrap('', search) : []),
  ];
}

function formatRole(role: MatomoState['role']): string {
  if (role === 'super') return 'of a super user';
  return role === 'none' ? 'without access to any site' : `with ${role} access`;
}

/** Formats each step as a line with its reason below, and adds a legend of the marks; empty without steps. */
export function formatPlan(plan: readonly PlanStep[], isColored: boolean): string[] {
  if (plan.length === 0) return [];
  const used = ACTIONS.filter((action) => plan.some((step) => step.action === action));
  const legend = used.map((action) => `${MARKS[action].mark} ${action}`).join('   ');
  return [...plan.flatMap((step) => formatStep(step, isColored)), '', `  ${legend}`, ''];
}

/** Formats the active action dimensions that are not mapped; nothing if no dimension is to be created. */
export function formatUnmapped(
  plan: readonly PlanStep[],
  unmapped: readonly Pick<Dimension, 'id' | 'name'>[],
): string[] {
  const creates = plan.some(({ kind, action }) => kind === 'dimension' && action === 'create');
  if (!creates || unmapped.length === 0) return [];
  const list = unmapped.map(({ id, name }) => `${id} ${show(name)}`).join(', ');
  const text = `Active action dimensions that are not mapped: ${list}. If one of these was renamed, set MATOMO_DIMENSIONS.`;
  return [...wrap('', text), ''];
}

function formatStep({ action, kind, name, id, reason }: PlanStep, isColored: boolean): string[] {
  const { mark, color } = MARKS[action];
  const colored = isColored ? `\x1b[${color}m${mark}\x1b[0m` : mark;
  const place = id === undefined ? '' : `ID ${id}`;
  const head = `  ${colored} ${kind.padEnd(9)}  ${name.padEnd(26)} ${place}`.trimEnd();
  return [head, ...(reason === undefined ? [] : wrap(' '.repeat(15), reason))];
}
