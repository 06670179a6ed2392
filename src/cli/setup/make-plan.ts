import { show } from '../../common/diagnostics.js';
import type { ApiCall } from '../matomo-api/api-client.js';
import type { Dimension } from '../matomo-api/api-values.js';
import { isSameName, type MatomoState } from './read-site.js';
import {
  FAILED_ENDPOINT,
  type Wanted,
  type WantedDimension,
  type WantedGoal,
  type WantedSegment,
  WEEKLY_REPORT,
} from './wanted.js';

export type PlanKind = 'site' | 'dimension' | 'goal' | 'segment' | 'report';

/** One wanted item and the action it needs. */
export interface PlanStep {
  readonly action: 'create' | 'reactivate' | 'present' | 'blocked' | 'failed';
  readonly kind: PlanKind;
  readonly name: string;
  /** Its ID in Matomo. Missing before it is created. */
  readonly id?: number;
  /** Why it is blocked or failed, or what to know first. */
  readonly reason?: string;
  /** It is blocked because the site has no free slot for dimensions. */
  readonly lacksSlot?: true;
  /** The call that creates or reactivates it. Missing until the IDs that it needs are known. */
  readonly call?: ApiCall;
  /** The call to try if Matomo rejects the first. If it rejects both, its configuration blocks the step. */
  readonly fallback?: ApiCall;
}

/** A step without the item that it is about. */
type Decision = Omit<PlanStep, 'kind' | 'name'>;

/** The content of `MATOMO_DIMENSIONS`: attributes by ID. */
export type MappedDimensions = Readonly<Record<string, unknown>>;

/** Compares the wanted items with those in Matomo. Pure. */
export function makePlan(
  state: MatomoState,
  wanted: Wanted,
  mapped: MappedDimensions = {},
): PlanStep[] {
  const { weeklyReport: to } = wanted;
  const sites = 'name' in wanted.site ? [wanted.site] : [];
  const reports = to === undefined ? [] : [{ name: WEEKLY_REPORT, to }];
  const site = plan('site', sites, (one) => planSite(state, one));
  const noSite = site[0]?.action === 'blocked' ? blocked('it needs the site') : undefined;
  const dimensions = limitToSlots(
    plan('dimension', wanted.dimensions, (one) => noSite ?? planDimension(state, one, mapped)),
    state,
  );
  return [
    ...site,
    ...dimensions,
    ...plan('goal', wanted.goals, (one) => noSite ?? planGoal(state, one)),
    ...plan(
      'segment',
      wanted.segments,
      (one) => noSite ?? planSegment(state, one, dimensions, wanted),
    ),
    ...plan('report', reports, (one) => noSite ?? planReport(state, one.to, dimensions)),
  ];
}

/** Finds the active dimension of the site for an attribute. */
export function findDimension(
  { dimensions }: MatomoState,
  wanted: WantedDimension,
  mapped: MappedDimensions,
): Dimension | undefined {
  const active = dimensions.filter(({ isActive }) => isActive);
  return findAmong(active, wanted, mapped);
}

/** Finds an action dimension by `MATOMO_DIMENSIONS`, then by its name. One that is mapped to another attribute is left alone. */
function findAmong(
  dimensions: readonly Dimension[],
  wanted: WantedDimension,
  mapped: MappedDimensions,
): Dimension | undefined {
  const ofActions = dimensions.filter(({ scope }) => scope === 'action');
  const unmapped = ofActions.filter(({ id }) => mapped[id] === undefined);
  return (
    ofActions.find(({ id }) => mapped[id] === wanted.attribute) ??
    unmapped.find(({ name }) => isSameName(name, wanted.name))
  );
}

/** Active action dimensions for no attribute: one may have been renamed. */
export function findUnmapped(
  state: MatomoState,
  { dimensions: wanted }: Wanted,
  mapped: MappedDimensions,
): Dimension[] {
  const found = wanted.map((dimension) => findDimension(state, dimension, mapped));
  return state.dimensions.filter(
    (dimension) =>
      dimension.scope === 'action' &&
      dimension.isActive &&
      mapped[dimension.id] === undefined &&
      !found.includes(dimension),
  );
}

function planSite({ site, role }: MatomoState, wanted: { name: string; url: string }): Decision {
  if (site) return present(site.id);
  if (role !== 'super') {
    const advice = 'use the token of one, or ask one to create the site and set MATOMO_SITE_ID';
    return blocked(`only a super user can create sites: ${advice}`);
  }
  const params = { siteName: wanted.name, 'urls[0]': wanted.url };
  return create({ method: 'SitesManager.addSite', params });
}

/** Blocks the dimensions for which there is no free slot. */
function limitToSlots(steps: readonly PlanStep[], { freeSlots }: MatomoState): PlanStep[] {
  const free = freeSlots ?? Number.POSITIVE_INFINITY;
  const noSlot = 'the site has no free slot for it';
  let used = 0;
  return steps.map((step) => {
    if (step.action !== 'create' || ++used <= free) return step;
    const reason = step.reason === undefined ? noSlot : `${noSlot}; ${step.reason}`;
    return { ...toStep(step, blocked(reason)), lacksSlot: true };
  });
}

/** What adds the slots that a plan lacks; empty if it lacks none. */
export function adviseSlots(plan: readonly PlanStep[]): string[] {
  const count = plan.filter(({ lacksSlot }) => lacksSlot).length;
  if (count === 0) return [];
  return [
    `To add ${count === 1 ? 'the slot that is' : `the ${count} slots that are`} missing, run this on the Matomo server, and then setup again:`,
    `./console customdimensions:add-custom-dimension --scope=action --count=${count}`,
    'It alters the table log_link_visit_action, which can take long if that table is large.',
  ];
}

/** Plans one dimension, assuming that there is a free slot. */
function planDimension(
  state: MatomoState,
  wanted: WantedDimension,
  mapped: MappedDimensions,
): Decision {
  const { name } = wanted;
  if (!state.hasCustomDimensions) {
    const reason =
      'the plugin CustomDimensions is off; a super user can activate it in Administration > System > Plugins, or run ./console plugin:activate CustomDimensions on the Matomo server';
    return blocked(reason);
  }
  if (state.hidden.dimension !== undefined) return blocked(state.hidden.dimension);
  const found = findDimension(state, wanted, mapped);
  if (found) {
    const reason = isSameName(found.name, name) ? undefined : `named ${show(found.name)}`;
    return present(found.id, reason);
  }
  const inactive = findAmong(state.dimensions, wanted, mapped);
  const sameName = state.dimensions.filter((dimension) => isSameName(dimension.name, name));
  const conflict = sameName.find(({ id, scope }) => scope === 'action' && mapped[id] !== undefined);
  if (conflict && !inactive) {
    const attribute = show(mapped[conflict.id]);
    const reason = `dimension ${conflict.id} has that name, and MATOMO_DIMENSIONS maps it to ${attribute}, not to ${wanted.attribute}; rename it in Matomo, or correct MATOMO_DIMENSIONS`;
    return blocked(reason);
  }
  const refusal = refuseWrite(state);
  if (refusal !== undefined) return blocked(refusal);
  const idSite = String(state.site?.id);
  if (inactive) {
    const { id, description } = inactive;
    const params = {
      idDimension: String(id),
      idSite,
      name: inactive.name,
      active: '1',
      ...(description !== '' && { description }),
      ...extractionsOf(inactive),
    };
    const call = { method: 'CustomDimensions.configureExistingCustomDimension', params };
    return { action: 'reactivate', id, reason: 'it is inactive', call };
  }
  const [other] = sameName;
  const reason =
    other &&
    `dimension ${other.id} has that name too, but scope ${other.scope}, which stores one value per visit`;
  const method = 'CustomDimensions.configureNewCustomDimension';
  const call = { method, params: { idSite, name, scope: 'action', active: '1' } };
  return create(state.site && call, reason);
}

/** Extractions as parameters. Matomo deletes those that a change does not repeat. */
function extractionsOf({ extractions }: Dimension): Record<string, string> {
  const entries = extractions.flatMap((extraction, index) =>
    Object.entries(extraction).map(([key, value]) => [
      `extractions[${index}][${key}]`,
      String(value),
    ]),
  );
  return Object.fromEntries(entries);
}

function planGoal(state: MatomoState, { name, pattern }: WantedGoal): Decision {
  if (state.hidden.goal !== undefined) return blocked(state.hidden.goal);
  const same = state.goals.filter((goal) => isSameName(goal.name, name));
  const found = same.find(
    (goal) =>
      goal.matchAttribute === 'url' && goal.patternType === 'contains' && goal.pattern === pattern,
  );
  if (found) return present(found.id);
  const [other] = same;
  if (other) {
    const is = `${other.matchAttribute} ${other.patternType} ${show(other.pattern)}`;
    const reason = `goal ${other.id} has that name and another condition (${is}); change it in Administration > Goals, or choose another name`;
    return blocked(reason);
  }
  const refusal = refuseWrite(state);
  if (refusal !== undefined) return blocked(refusal);
  const match = { matchAttribute: 'url', pattern, patternType: 'contains' };
  const description = `Requests whose URL contains ${pattern}. Created by opentelemetry-matomo.`;
  // Matomo 6 accepts no other booleans than 0 and 1.
  const flags = { caseSensitive: '0', allowMultipleConversionsPerVisit: '0' };
  const params = { idSite: String(state.site?.id), name, description, ...match, ...flags };
  return create(state.site && { method: 'Goals.addGoal', params });
}

function planSegment(
  state: MatomoState,
  { name, dimension, condition }: WantedSegment,
  dimensions: readonly PlanStep[],
  { archivesSegments }: Wanted,
): Decision {
  const needed = dimensions.find((step) => step.name === dimension);
  if (dimension !== undefined && (needed === undefined || needed.action === 'blocked')) {
    return blocked(`it needs the dimension ${show(dimension)}`);
  }
  if (state.hidden.segment !== undefined) return blocked(state.hidden.segment);
  const ofDimension = needed?.id === undefined ? undefined : `dimension${needed.id}${condition}`;
  const definition = dimension === undefined ? condition : ofDimension;
  const found = state.segments.find((segment) => segment.definition === definition);
  if (found) return present(found.id);
  const other = state.segments.find((segment) => isSameName(segment.name, name));
  if (other) {
    const reason = `segment ${other.id} has that name and another definition (${show(other.definition)}); rename or delete it in Matomo`;
    return blocked(reason);
  }
  const isShared = state.role === 'super';
  const reason = isShared ? 'for all users' : 'only the user of this token sees it';
  if (definition === undefined || !state.site) return create(undefined, reason);
  const idSite = String(state.site.id);
  const add = (autoArchive: '0' | '1'): ApiCall => {
    const enabledAllUsers = isShared ? '1' : '0';
    const params = { name, definition, idSite, autoArchive, enabledAllUsers };
    return { method: 'SegmentEditor.add', params };
  };
  if (archivesSegments) return create(add('1'), reason);
  // A Matomo that is configured to archive segments refuses those that are not archived.
  return { ...create(add('0'), reason), fallback: add('1') };
}

function planReport(state: MatomoState, to: string, dimensions: readonly PlanStep[]): Decision {
  if (state.hidden.report !== undefined) return blocked(state.hidden.report);
  const found = state.reports.find(({ description }) => isSameName(description, WEEKLY_REPORT));
  if (found) return present(found.id);
  const failed = dimensions.find(({ name }) => name === FAILED_ENDPOINT)?.id;
  const parts = [
    'Actions_getPageTitles',
    `CustomDimensions_getCustomDimension_idDimension--${failed}`,
    'UserId_getUsers',
  ].filter((id) => state.reportIds.includes(id));
  const params = {
    idSite: String(state.site?.id),
    description: WEEKLY_REPORT,
    period: 'week',
    hour: '6',
    reportType: 'email',
    reportFormat: 'html',
    'parameters[emailMe]': '0',
    'parameters[displayFormat]': '4', // tables only
    'parameters[additionalEmails][0]': to,
    ...Object.fromEntries(parts.map((id, index) => [`reports[${index}]`, id])),
  };
  const call = { method: 'ScheduledReports.addReport', params };
  return create(state.site && call, `to ${to}, on Mondays at 6:00 UTC`);
}

function refuseWrite({ role, site }: MatomoState): string | undefined {
  if (role !== 'view' || !site) return undefined;
  return `the token has ${role} access but lacks write access to site ${site.id}; ${WHO_GRANTS}`;
}

/** Who can give access to a token. */
export const WHO_GRANTS =
  'an administrator of the site or a super user can grant it in Administration > System > Users';

function plan<T extends { readonly name: string }>(
  kind: PlanKind,
  wanted: readonly T[],
  decide: (item: T) => Decision,
): PlanStep[] {
  return wanted.map((item) => toStep({ kind, name: item.name }, decide(item)));
}

export function toStep(
  { kind, name }: Pick<PlanStep, 'kind' | 'name'>,
  { action, ...rest }: Decision,
): PlanStep {
  return { action, kind, name, ...rest };
}

function present(id: number, reason?: string): Decision {
  return { action: 'present', id, ...(reason !== undefined && { reason }) };
}

function create(call: ApiCall | undefined, reason?: string): Decision {
  return { action: 'create', ...(reason !== undefined && { reason }), ...(call && { call }) };
}

export function blocked(reason: string): Decision {
  return { action: 'blocked', reason };
}
