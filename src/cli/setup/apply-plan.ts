import { toSiteId } from '../../hit/parameters/parameter-value.js';
import type { ApiClient } from '../matomo-api/api-client.js';
import { blocked, makePlan, type PlanKind, type PlanStep } from './make-plan.js';
import { type MatomoState, quoteRefusal, readMatomo } from './read-site.js';
import type { Report } from './report.js';
import type { Wanted } from './wanted.js';

/** In this order, because segments and reports need the ID of a dimension, and everything needs the ID of the site. */
const PHASES: readonly PlanKind[] = ['site', 'dimension', 'goal', 'segment', 'report'];

/** A plan and what it is about. */
export interface Applied {
  /** With the IDs of what was created, and with what failed. */
  readonly plan: readonly PlanStep[];
  /** As read after the last change. */
  readonly state: MatomoState;
}

/** Makes the changes of a plan one after the other, and verifies them by reading the site again. */
export async function applyPlan(
  client: ApiClient,
  wanted: Wanted,
  before: MatomoState,
  report: Pick<Report, 'startStep' | 'progress'>,
): Promise<Applied> {
  const refusals = new Map<string, string>();
  let siteId = before.site?.id;
  // Another run may have created something since the plan was shown.
  let state = await readMatomo(client, siteId, wanted);
  for (const phase of PHASES) {
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
  return { refused: quoteRefusal(...messages) };
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

/** Whether a step is still to be done. */
export function isPending({ action }: PlanStep): boolean {
  return action === 'create' || action === 'reactivate';
}
