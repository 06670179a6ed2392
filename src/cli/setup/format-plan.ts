import { show } from '../../common/diagnostics.js';
import type { PlanStep } from './make-plan.js';
import type { MatomoState } from './read-site.js';

type Action = PlanStep['action'];

const MARKS: Readonly<Record<Action, string>> = {
  create: '+',
  reactivate: '~',
  present: '=',
  blocked: '!',
};
const COLORS: Readonly<Record<Action, number>> = {
  create: 32,
  reactivate: 33,
  present: 2,
  blocked: 31,
};
const ACTIONS = Object.keys(MARKS) as Action[];
const WIDTH = 80;

/** Whether to use colors: only on a terminal, and only if its user has not disabled them. */
export function hasColor(
  { isTTY }: { readonly isTTY?: boolean },
  env: Readonly<NodeJS.ProcessEnv>,
): boolean {
  return isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

/** Formats what was found in Matomo. `keepsSearch`: the option `siteSearch`. */
export function formatState(state: MatomoState, at: string, keepsSearch: boolean): string[] {
  const { version, role, site } = state;
  const matomo = `Matomo ${version ?? '(version not shown)'} at ${at}`;
  const access = formatRole(role);
  const about = site ? `Site ${site.id} ${show(site.name)}` : 'A new site';
  const variables =
    'The plugin CustomVariables is off: without dimensions, Matomo stores neither status nor method.';
  const search =
    'Site search is on in Matomo and in MATOMO_SITE_SEARCH: requests with a parameter such as q become site searches. Setup does not change that.';
  return [
    matomo,
    `${about}, token ${access}`,
    ...(state.hasCustomVariables ? [] : wrap('', variables)),
    ...(keepsSearch && site?.hasSiteSearch ? wrap('', search) : []),
  ];
}

function formatRole(role: MatomoState['role']): string {
  if (role === 'super') return 'of a super user';
  return role === 'none' ? 'without access to any site' : `with ${role} access`;
}

/** Formats each step as a line with its reason below, and adds a legend of the marks. */
export function formatPlan(plan: readonly PlanStep[], isColored: boolean): string[] {
  const used = ACTIONS.filter((action) => plan.some((step) => step.action === action));
  const legend = used.map((action) => `${MARKS[action]} ${action}`).join('   ');
  return [...plan.flatMap((step) => formatStep(step, isColored)), '', `  ${legend}`];
}

/** Formats the beginning of a line about a step that is being applied. */
export function formatProgress({ action, kind, name }: PlanStep): string {
  return `${action === 'create' ? 'Creating' : 'Reactivating'} the ${kind} ${show(name)} … `;
}

function formatStep({ action, kind, name, id, reason }: PlanStep, isColored: boolean): string[] {
  const mark = MARKS[action];
  const colored = isColored ? `\x1b[${COLORS[action]}m${mark}\x1b[0m` : mark;
  const place = id === undefined ? '' : `ID ${id}`;
  const head = `  ${colored} ${kind.padEnd(9)}  ${name.padEnd(26)} ${place}`.trimEnd();
  return [head, ...(reason === undefined ? [] : wrap(' '.repeat(15), reason))];
}

/** Wraps text between words. A word that is longer than a line is not broken. */
function wrap(indent: string, text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(indent + line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, indent + line];
}
