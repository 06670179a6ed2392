import { styleText } from 'node:util';
import { show } from '../../common/diagnostics.js';
import type { Dimension } from '../matomo-api.js';
import { createCleaner, wrap } from '../terminal.js';
import { findDimension, type PlanStep } from './make-plan.js';
import type { MatomoState } from './read-site.js';
import type { Wanted } from './wanted.js';

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
  const { stdout, stderr } = process;
  let clean = createCleaner([]);
  let last: SetupResult = { plan: [], applied: false, environment: {} };
  let hasStarted = false;
  let isLineOpen = false;

  function toShown(this: unknown, key: string, value: unknown): unknown {
    if (key === 'call' || key === 'fallback') return undefined;
    return typeof value === 'string' && this !== last.environment ? clean(value) : value;
  }
  /** Writes progress without a line break. */
  function progress(text: string): void {
    if (isJson) return;
    stderr.write(clean(text));
    isLineOpen = !text.endsWith('\n');
  }

  return {
    isJson,
    progress,
    /** Shows these secrets in no text from now on, but for the environment. */
    hide(secrets: readonly string[]): void {
      clean = createCleaner(secrets);
    },
    print(...lines: string[]): void {
      if (!isJson && lines.length > 0) stdout.write(`${lines.map(clean).join('\n')}\n`);
    },
    /** Prints the variables of the result as they are, because users copy them. */
    printEnvironment(): void {
      const variables = Object.entries(last.environment);
      if (isJson || variables.length === 0) return;
      const lines = variables.map(([name, value]) => `export ${name}=${quote(value)}\n`).join('');
      stdout.write(`Set this where the application starts:\n\n${lines}${SUGGESTION}\n`);
    },
    warn: (message: string): void => void stderr.write(`${PREFIX}${clean(message)}\n`),
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
      const result = error === undefined ? last : { ...last, applied: false, error };
      if (isJson) stdout.write(`${JSON.stringify(result, toShown, 2)}\n`);
      else if (error !== undefined) {
        stderr.write(`${isLineOpen ? '\n' : ''}${PREFIX}${clean(error)}\n`);
      }
    },
  };
}

const SUGGESTION =
  '# MATOMO_URL_PATHS=template is for APIs: if paths have IDs, most of the report Pages is "Others" without it';

const MARKS = {
  create: ['+', 'green'],
  reactivate: ['~', 'yellow'],
  present: ['=', 'dim'],
  blocked: ['!', 'yellow'],
  failed: ['✗', 'red'],
} as const satisfies Record<PlanStep['action'], unknown>;

/** Formats what was found in Matomo. */
export function formatState(
  { version, role, site, hasCustomVariables }: MatomoState,
  { url, keepsSearch }: Wanted,
): string[] {
  const about = site ? `Site ${site.id} ${show(site.name)}` : 'A new site';
  const access = role === 'none' ? 'without access to any site' : `with ${role} access`;
  const variables =
    'The plugin CustomVariables is off: without dimensions, Matomo stores neither status nor method.';
  const search =
    'Site search is on in Matomo and in MATOMO_SITE_SEARCH: requests with a parameter such as q become site searches. Setup does not change that.';
  return [
    `Matomo ${version ?? '(version not shown)'} at ${folderOf(url)}`,
    `${about}, token ${role === 'super' ? 'of a super user' : access}`,
    ...(hasCustomVariables ? [] : wrap('', variables)),
    ...(keepsSearch && site?.hasSiteSearch ? wrap('', search) : []),
  ];
}

/** Formats each step as a line with its reason below, and adds a legend of the marks; empty without steps. */
export function formatPlan(plan: readonly PlanStep[]): string[] {
  if (plan.length === 0) return [];
  const legend = Object.entries(MARKS)
    .filter(([action]) => plan.some((step) => step.action === action))
    .map(([action, [mark]]) => `${mark} ${action}`);
  const steps = plan.flatMap(({ action, kind, name, id, reason }) => {
    const [mark, color] = MARKS[action];
    const place = id === undefined ? '' : `ID ${id}`;
    const text = `${kind.padEnd(9)}  ${name.padEnd(26)} ${place}`.trimEnd();
    const head = `  ${styleText(color, mark)} ${text}`;
    return [head, ...(reason === undefined ? [] : wrap(' '.repeat(15), reason))];
  });
  return [...steps, '', `  ${legend.join('   ')}`, ''];
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

/** The variables that an application needs for this site, as far as IDs are known. */
export function toEnvironment(state: MatomoState, wanted: Wanted): Record<string, string> {
  if (state.site === undefined) return {};
  const dimensions = toMapping(state, wanted);
  return {
    MATOMO_URL: folderOf(wanted.url),
    MATOMO_SITE_ID: String(state.site.id),
    // Instead of the token that setup used. If its user may only view, it cannot be used for tracking.
    MATOMO_TOKEN_AUTH: state.role === 'view' ? '<token with write access>' : '<your token>',
    ...(dimensions !== '' && { MATOMO_DIMENSIONS: dimensions }),
    // Matomo would drop them.
    ...(!state.hasCustomVariables && { MATOMO_MAX_CUSTOM_VARIABLES: '0' }),
  };
}

/** A URL of `matomo.php` as users write it. */
function folderOf({ href }: URL): string {
  return href.replace(/\/matomo\.php$/, '');
}

/** The value of MATOMO_DIMENSIONS. Its entries are kept, unless the site has no dimension with that ID and another one for the attribute. */
function toMapping(state: MatomoState, wanted: Wanted): string {
  const found = wanted.dimensions.flatMap((dimension) => {
    const { id } = findDimension(state, dimension, wanted) ?? {};
    return id === undefined ? [] : [[String(id), dimension.attribute] as const];
  });
  const attributes = new Set<unknown>(found.map(([, attribute]) => attribute));
  const ids = new Set(state.dimensions.map(({ id }) => String(id)));
  const kept = Object.entries(wanted.mapped).filter(
    ([id, attribute]) => ids.has(id) || !attributes.has(attribute),
  );
  const all = Object.entries(Object.fromEntries([...found, ...kept]));
  return all.map(([id, attribute]) => `${id}=${String(attribute)}`).join(',');
}

/** Quotes a value for a POSIX shell. */
function quote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
