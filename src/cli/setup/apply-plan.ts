import type { ApiClient } from '../matomo-api/api-client.js';
import {
  blocked,
  type MappedDimensions,
  makePlan,
  type PlanKind,
  type PlanStep,
  type Wanted,
} from './make-plan.js';
import { type MatomoState, quoteRefusal, readMatomo } from './read-site.js';
import type { Report } from './report.js';

/** In this order, because segments need the ID of a dimension, and everything needs the ID of the site. */
const PHASES: readonly PlanKind[] = ['site', 'dimension', 'goal', 'segment'];

interface ApplyOptions {
  readonly client: ApiClient;
  readonly wanted: Wanted;
  readonly mapped: MappedDimensions;
  readonly state: MatomoState;
  readonly report: Pick<Report, 'startStep' | 'progress'>;
}

interface Applied {
  /** The plan with the IDs of what was created. Steps that failed are blocked. */
  readonly plan: readonly PlanStep[];
  /** As read after the last change. */
  readonly state: MatomoState;
}

/** Makes the changes of a plan one after the other, and verifies them by reading the site again. */
export async function applyPlan(options: ApplyOptions): Promise<Applied> {
  const { client, wanted, mapped, report } = options;
  const refusals = new Map<string, string>();
  let { state } = options;
  let siteId = state.site?.id;
  const before = makePlan(state, wanted, mapped);
  for (const phase of PHASES) {
    const steps = makePlan(state, wanted, mapped).filter(({ kind }) => kind === phase);
    const due = steps.filter(({ call, action }) => call && action !== 'present');
    for (const step of due) {
      report.startStep(step);
      const result = await client.call(step.call as NonNullable<PlanStep['call']>);
      if (result.kind === 'refused') {
        refusals.set(keyOf(step), quoteRefusal(result.message));
        // Fails if Matomo no longer accepts the token, of which each use would count toward a lock-out.
        state = await readMatomo(client, siteId);
      } else if (phase === 'site') siteId = idOf(result.value);
      report.progress(result.kind === 'refused' ? 'rejected\n' : 'done\n');
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
  const silent = 'Matomo confirmed the change but does not list it; run setup again';
  const reason = refusals.get(keyOf(step)) ?? after?.reason ?? silent;
  return blocked(step.kind, step, reason);
}

function keyOf({ kind, name }: PlanStep): string {
  return `${kind} ${name}`;
}

function idOf(value: unknown): number | undefined {
  const id = Number((value as { value?: unknown }).value);
  return Number.isInteger(id) && id > 0 ? id : undefined;
}

/** Whether a step is still to be done. */
export function isPending({ action }: PlanStep): boolean {
  return action === 'create' || action === 'reactivate';
}
