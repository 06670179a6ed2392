import { show } from '../../common/diagnostics.js';
import type { ApiCall, Dimension } from '../matomo-api.js';
import { isSameName, type MatomoState } from './read-site.js';
import {
  FAILED_ENDPOINT,
  type Wanted,
  type WantedDimension,
  type WantedSegment,
  WEEKLY_REPORT,
} from './wanted.js';

/** In this order, because segments and reports need the ID of a dimension, and everything needs the ID of the site. */
export const PLAN_KINDS = ['site', 'dimension', 'goal', 'segment', 'report'] as const;

/** One wanted item and the action it needs. */
export interface PlanStep extends Decision {
  readonly kind: (typeof PLAN_KINDS)[number];
  readonly name: string;
}

interface Decision {
  readonly action: 'create' | 'reactivate' | 'present' | 'blocked' | 'failed';
  /** Its ID in Matomo. Missing before it is created. */
  readonly id?: number | undefined;
  /** Why it is blocked or failed, or what to know first. */
  readonly reason?: string | undefined;
  /** It is blocked because the site has no free slot for dimensions. */
  readonly lacksSlot?: true;
  /** The call that creates or reactivates it. Missing until the IDs that it needs are known. */
  readonly call?: ApiCall | undefined;
  /** The call to try if Matomo rejects the first. If it rejects both, its configuration blocks the step. */
  readonly fallback?: ApiCall | undefined;
}

/** Compares the wanted items with those in Matomo. Pure. */
export function makePlan(state: MatomoState, wanted: Wanted): PlanStep[] {
  const { site, weeklyReport: to } = wanted;
  const sites: PlanStep[] =
    'name' in site ? [{ kind: 'site', name: site.name, ...planSite(state, site) }] : [];
  const noSite = sites[0]?.action === 'blocked' ? 'it needs the site' : undefined;

  function plan<Item extends { readonly name: string }>(
    kind: Exclude<PlanStep['kind'], 'site'>,
    items: readonly Item[],
    decide: (item: Item) => Decision,
  ): PlanStep[] {
    const reason = noSite ?? state.hidden[kind];
    return items.map((item) => {
      const decision = reason === undefined ? decide(item) : blocked(reason);
      return { kind, name: item.name, ...decision };
    });
  }

  const all = plan('dimension', wanted.dimensions, (one) => planDimension(state, one, wanted));
  const dimensions = limitToSlots(all, state);
  const reports = to === undefined ? [] : [{ name: WEEKLY_REPORT, to }];
  return [
    ...sites,
    ...dimensions,
    ...plan('goal', wanted.goals, (one) => planGoal(state, one)),
    ...plan('segment', wanted.segments, (one) => planSegment(state, one, dimensions, wanted)),
    ...plan('report', reports, (one) => planReport(state, one.to, dimensions)),
  ];
}

/**
 * Finds an action dimension of the site by `MATOMO_DIMENSIONS`, then by its name: an active one, unless `isActive` is false. One that
 * is mapped to another attribute is left alone.
 */
export function findDimension(
  { dimensions }: MatomoState,
  { name, attribute }: WantedDimension,
  { mapped }: Wanted,
  isActive = true,
): Dimension | undefined {
  const some = dimensions.filter((one) => one.scope === 'action' && one.isActive === isActive);
  return (
    some.find(({ id }) => mapped[id] === attribute) ??
    some.find((one) => mapped[one.id] === undefined && isSameName(one.name, name))
  );
}

/** Active action dimensions for no attribute: one may have been renamed. */
export function findUnmapped(state: MatomoState, wanted: Wanted): Dimension[] {
  const found = wanted.dimensions.map((one) => findDimension(state, one, wanted));
  return state.dimensions.filter(
    (dimension) =>
      dimension.scope === 'action' &&
      dimension.isActive &&
      wanted.mapped[dimension.id] === undefined &&
      !found.includes(dimension),
  );
}

function planSite({ site, role }: MatomoState, wanted: { name: string; url: string }): Decision {
  if (site) return { action: 'present', id: site.id };
  if (role !== 'super') {
    const advice = 'use the token of one, or ask one to create the site and set MATOMO_SITE_ID';
    return blocked(`only a super user can create sites: ${advice}`);
  }
  const params = { siteName: wanted.name, 'urls[0]': wanted.url };
  return { action: 'create', call: { method: 'SitesManager.addSite', params } };
}

/** Blocks the dimensions for which there is no free slot. */
function limitToSlots(steps: readonly PlanStep[], { freeSlots }: MatomoState): PlanStep[] {
  const free = freeSlots ?? Number.POSITIVE_INFINITY;
  const noSlot = 'the site has no free slot for it';
  let used = 0;
  return steps.map((step) => {
    if (step.action !== 'create' || ++used <= free) return step;
    const reason = step.reason === undefined ? noSlot : `${noSlot}; ${step.reason}`;
    return { kind: step.kind, name: step.name, ...blocked(reason), lacksSlot: true };
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
function planDimension(state: MatomoState, wanted: WantedDimension, all: Wanted): Decision {
  const { name, attribute } = wanted;
  const { mapped } = all;
  const found = findDimension(state, wanted, all);
  if (found) {
    const reason = isSameName(found.name, name) ? undefined : `named ${show(found.name)}`;
    return { action: 'present', id: found.id, reason };
  }
  const inactive = findDimension(state, wanted, all, false);
  if (inactive) {
    const { id, description } = inactive;
    // Matomo deletes extractions that a change does not repeat.
    const extractions = inactive.extractions.flatMap((extraction, index) =>
      Object.entries(extraction).map(([key, value]) => [
        `extractions[${index}][${key}]`,
        String(value),
      ]),
    );
    const params = {
      idDimension: String(id),
      name: inactive.name,
      active: '1',
      ...(description !== '' && { description }),
      ...Object.fromEntries(extractions),
    };
    const call = callOf(state, 'CustomDimensions.configureExistingCustomDimension', params);
    return unlessReadOnly(state, { action: 'reactivate', id, reason: 'it is inactive', call });
  }
  const sameName = state.dimensions.filter((dimension) => isSameName(dimension.name, name));
  const conflict = sameName.find(({ id, scope }) => scope === 'action' && mapped[id] !== undefined);
  if (conflict) {
    const target = show(mapped[conflict.id]);
    const reason = `dimension ${conflict.id} has that name, and MATOMO_DIMENSIONS maps it to ${target}, not to ${attribute}; rename it in Matomo, or correct MATOMO_DIMENSIONS`;
    return blocked(reason);
  }
  const [other] = sameName;
  const reason =
    other &&
    `dimension ${other.id} has that name too, but scope ${other.scope}, which stores one value per visit`;
  const params = { name, scope: 'action', active: '1' };
  const call = callOf(state, 'CustomDimensions.configureNewCustomDimension', params);
  return unlessReadOnly(state, { action: 'create', reason, call });
}

function planGoal(state: MatomoState, { name, pattern }: Wanted['goals'][number]): Decision {
  const same = state.goals.filter((goal) => isSameName(goal.name, name));
  const found = same.find(
    (goal) =>
      goal.matchAttribute === 'url' && goal.patternType === 'contains' && goal.pattern === pattern,
  );
  if (found) return { action: 'present', id: found.id };
  const [other] = same;
  if (other) {
    const is = `${other.matchAttribute} ${other.patternType} ${show(other.pattern)}`;
    const reason = `goal ${other.id} has that name and another condition (${is}); change it in Administration > Goals, or choose another name`;
    return blocked(reason);
  }
  const description = `Requests whose URL contains ${pattern}. Created by opentelemetry-matomo.`;
  const match = { matchAttribute: 'url', pattern, patternType: 'contains' };
  // Matomo 6 accepts no other booleans than 0 and 1.
  const flags = { caseSensitive: '0', allowMultipleConversionsPerVisit: '0' };
  const call = callOf(state, 'Goals.addGoal', { name, description, ...match, ...flags });
  return unlessReadOnly(state, { action: 'create', call });
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
  const ofDimension = needed?.id === undefined ? undefined : `dimension${needed.id}${condition}`;
  const definition = dimension === undefined ? condition : ofDimension;
  const isShared = state.role === 'super';
  const segments = state.segments.filter(({ isPrivate }) => !isShared || !isPrivate);
  const found = segments.find((segment) => segment.definition === definition);
  if (found) {
    const isLate = archivesSegments && found.isComputedLate;
    const reason = isLate
      ? '--auto-archive changes no segment that exists: edit it in Matomo to have it computed in advance'
      : undefined;
    return { action: 'present', id: found.id, reason };
  }
  const other = segments.find((segment) => isSameName(segment.name, name));
  if (other) {
    const reason = `segment ${other.id} has that name and another definition (${show(other.definition)}); rename or delete it in Matomo`;
    return blocked(reason);
  }
  const reason = isShared ? 'for all users' : 'only the user of this token sees it';
  const enabledAllUsers = isShared ? '1' : '0';
  const add = (autoArchive: '0' | '1') =>
    definition === undefined
      ? undefined
      : callOf(state, 'SegmentEditor.add', { name, definition, autoArchive, enabledAllUsers });
  if (archivesSegments) return { action: 'create', reason, call: add('1') };
  // A Matomo that is configured to archive segments refuses those that are not archived.
  return { action: 'create', reason, call: add('0'), fallback: add('1') };
}

function planReport(state: MatomoState, to: string, dimensions: readonly PlanStep[]): Decision {
  const found = state.reports.find(({ description }) => isSameName(description, WEEKLY_REPORT));
  if (found) return { action: 'present', id: found.id };
  const failed = dimensions.find(({ name }) => name === FAILED_ENDPOINT)?.id;
  const parts = [
    'Actions_getPageTitles',
    `CustomDimensions_getCustomDimension_idDimension--${failed}`,
    'UserId_getUsers',
  ].filter((id) => state.reportIds.includes(id));
  const call = callOf(state, 'ScheduledReports.addReport', {
    description: WEEKLY_REPORT,
    period: 'week',
    hour: '6',
    reportType: 'email',
    reportFormat: 'html',
    'parameters[emailMe]': '0',
    'parameters[displayFormat]': '4', // tables only
    'parameters[additionalEmails][0]': to,
    ...Object.fromEntries(parts.map((id, index) => [`reports[${index}]`, id])),
  });
  return { action: 'create', reason: `to ${to}, on Mondays at 6:00 UTC`, call };
}

/** A call about the site; `undefined` until it exists. */
function callOf(
  { site }: MatomoState,
  method: string,
  params: Readonly<Record<string, string>>,
): ApiCall | undefined {
  return site && { method, params: { idSite: String(site.id), ...params } };
}

/** A decision that needs write access to the site. */
function unlessReadOnly({ role, site }: MatomoState, decision: Decision): Decision {
  if (role !== 'view' || !site) return decision;
  const reason = `the token has ${role} access but lacks write access to site ${site.id}; ${WHO_GRANTS}`;
  return blocked(reason);
}

/** Who can give access to a token. */
export const WHO_GRANTS =
  'an administrator of the site or a super user can grant it in Administration > System > Users';

export function blocked(reason: string): Decision {
  return { action: 'blocked', reason };
}
