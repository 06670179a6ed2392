import { show } from '../../common/diagnostics.js';
import type { ApiCall } from '../matomo-api/api-client.js';
import type { Dimension } from '../matomo-api/api-values.js';
import { isSameName, type MatomoState } from './read-site.js';
import { REFUSALS } from './refusals.js';

/** What a site has after setup. */
export interface Wanted {
  readonly site: { readonly id: number } | { readonly name: string; readonly url: string };
  readonly dimensions: readonly WantedDimension[];
  readonly goals: readonly WantedGoal[];
  readonly segments: readonly WantedSegment[];
}

interface WantedDimension {
  readonly name: string;
  /** The attribute of a span that it stores. */
  readonly attribute: string;
  /** If the site has no room for it, the rest of the plan is carried out, and succeeds. */
  readonly isOptional?: true;
}

interface WantedGoal {
  readonly name: string;
  /** A URL that contains it converts the goal. */
  readonly pattern: string;
}

interface WantedSegment {
  readonly name: string;
  /** Name of the dimension that the condition is about. */
  readonly dimension: string;
  readonly condition: string;
}

const STATUS = 'HTTP status';

export const DIMENSIONS: readonly WantedDimension[] = [
  { name: 'HTTP method', attribute: 'http.request.method' },
  { name: STATUS, attribute: 'http.response.status_code' },
  { name: 'Route', attribute: 'http.route' },
  { name: 'Failed endpoint', attribute: 'matomo.failed_endpoint' },
];

export const BOT_DIMENSION: WantedDimension = { name: 'Bot', attribute: 'user_agent.bot.name' };

const DEPRECATED = 'Deprecated endpoint';

/** Who calls. The most important first: a site has few slots. */
export const CONSUMER_DIMENSIONS: readonly WantedDimension[] = [
  { name: DEPRECATED, attribute: 'matomo.deprecated_endpoint', isOptional: true },
  { name: 'Client', attribute: 'user_agent.name', isOptional: true },
  { name: 'Client version', attribute: 'user_agent.version', isOptional: true },
];

/** What an MCP server does, and for whom. */
export const MCP_DIMENSIONS: readonly WantedDimension[] = [
  { name: 'Tool', attribute: 'gen_ai.tool.name', isOptional: true },
  { name: 'MCP client', attribute: 'mcp.client.name', isOptional: true },
];

export const CONSUMER_SEGMENTS: readonly WantedSegment[] = [
  { name: 'Deprecated endpoints', dimension: DEPRECATED, condition: '!=' },
];

export const SEGMENTS: readonly WantedSegment[] = [
  { name: 'Visits with a server error', dimension: STATUS, condition: '=^5' },
  { name: 'Visits with a 404', dimension: STATUS, condition: '==404' },
];

export type PlanKind = 'site' | 'dimension' | 'goal' | 'segment';

/** One wanted item and the action it needs. */
export interface PlanStep {
  readonly action: 'create' | 'reactivate' | 'present' | 'blocked';
  readonly kind: PlanKind;
  readonly name: string;
  /** Its ID in Matomo. Missing before it is created. */
  readonly id?: number;
  /** Why it is blocked, or what to know first. */
  readonly reason?: string;
  /** A blocked item without which the rest of the plan can be applied: the site has no room for it. */
  readonly isOptional?: true;
  /** The call that creates or reactivates it. Missing until the IDs that it needs are known. */
  readonly call?: ApiCall;
}

/** The content of `MATOMO_DIMENSIONS`: attributes by ID. */
export type MappedDimensions = Readonly<Record<string, unknown>>;

/** Compares the wanted items with those in Matomo. Pure. */
export function makePlan(
  state: MatomoState,
  wanted: Wanted,
  mapped: MappedDimensions = {},
): PlanStep[] {
  const site = 'name' in wanted.site ? [planSite(state, wanted.site)] : [];
  if (site[0]?.action === 'blocked') {
    const others = [
      ...wanted.dimensions.map(({ name }) => ['dimension', name] as const),
      ...wanted.goals.map(({ name }) => ['goal', name] as const),
      ...wanted.segments.map(({ name }) => ['segment', name] as const),
    ];
    const reason = 'it needs the site';
    return [...site, ...others.map(([kind, name]) => blocked(kind, name, reason))];
  }
  const dimensions = planDimensions(state, wanted.dimensions, mapped);
  return [
    ...site,
    ...dimensions,
    ...wanted.goals.map((goal) => planGoal(state, goal)),
    ...wanted.segments.map((segment) => planSegment(state, segment, dimensions)),
  ];
}

/** Finds the active dimension of the site for an attribute. */
export function findDimension(
  { dimensions }: MatomoState,
  wanted: WantedDimension,
  mapped: MappedDimensions,
): Dimension | undefined {
  return findAmong(
    dimensions.filter(({ isActive }) => isActive),
    wanted,
    mapped,
  );
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

/** Why a dimension cannot be created: its name is that of an action dimension, which `MATOMO_DIMENSIONS` maps to another attribute. */
function describeConflict(
  { dimensions }: MatomoState,
  { name, attribute }: WantedDimension,
  mapped: MappedDimensions,
): string | undefined {
  const same = dimensions.find(
    (dimension) =>
      dimension.scope === 'action' &&
      isSameName(dimension.name, name) &&
      mapped[dimension.id] !== undefined,
  );
  return (
    same &&
    `dimension ${same.id} has that name, and MATOMO_DIMENSIONS maps it to ${show(mapped[same.id])}, not to ${attribute}; rename it in Matomo, or correct MATOMO_DIMENSIONS`
  );
}

function planSite({ site, role }: MatomoState, wanted: { name: string; url: string }): PlanStep {
  const { name, url } = wanted;
  if (site) return { action: 'present', kind: 'site', name, id: site.id };
  if (role !== 'super') return blocked('site', name, REFUSALS.needsSuperUser);
  const params = { siteName: name, 'urls[0]': url };
  return { action: 'create', kind: 'site', name, call: { method: 'SitesManager.addSite', params } };
}

function planDimensions(
  state: MatomoState,
  wanted: readonly WantedDimension[],
  mapped: MappedDimensions,
): PlanStep[] {
  const steps = wanted.map((dimension) => planDimension(state, dimension, mapped));
  const siteId = state.site?.id ?? 0;
  const free = state.freeSlots ?? Number.POSITIVE_INFINITY;
  const missing = steps.filter(({ action }) => action === 'create').length - free;
  let used = 0;
  return steps.map((step, index) => {
    if (step.action !== 'create' || ++used <= free) return step;
    const reasons = [REFUSALS.noSlot(siteId, missing), ...(step.reason ? [step.reason] : [])];
    const isOptional = wanted[index]?.isOptional && { isOptional: true as const };
    return { ...blocked('dimension', step.name, reasons.join('; ')), ...isOptional };
  });
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

/** Plans one dimension, assuming that there is a free slot. */
function planDimension(
  state: MatomoState,
  wanted: WantedDimension,
  mapped: MappedDimensions,
): PlanStep {
  const { name } = wanted;
  const kind = 'dimension';
  if (!state.hasCustomDimensions) {
    return blocked(kind, name, REFUSALS.pluginOff('CustomDimensions'));
  }
  if (state.hidden.dimension !== undefined) return blocked(kind, name, state.hidden.dimension);
  const found = findDimension(state, wanted, mapped);
  if (found) {
    const reason = isSameName(found.name, name) ? {} : { reason: `named ${show(found.name)}` };
    return { action: 'present', kind, name, id: found.id, ...reason };
  }
  const inactive = findAmong(state.dimensions, wanted, mapped);
  const refusal =
    (inactive ? undefined : describeConflict(state, wanted, mapped)) ?? refuseWrite(state);
  if (refusal !== undefined) return blocked(kind, name, refusal);
  const params = { idSite: String(state.site?.id) };
  if (inactive) {
    const { id } = inactive;
    const call = {
      method: 'CustomDimensions.configureExistingCustomDimension',
      params: {
        idDimension: String(id),
        ...params,
        name: inactive.name,
        active: '1',
        ...(inactive.description !== '' && { description: inactive.description }),
        ...extractionsOf(inactive),
      },
    };
    return { action: 'reactivate', kind, name, id, reason: 'it is inactive', call };
  }
  const method = 'CustomDimensions.configureNewCustomDimension';
  const call = { method, params: { ...params, name, scope: 'action', active: '1' } };
  const reason = describeSameName(state, name);
  return {
    action: 'create',
    kind,
    name,
    ...(reason !== undefined && { reason }),
    ...(state.site && { call }),
  };
}

function describeSameName({ dimensions }: MatomoState, name: string): string | undefined {
  const same = dimensions.find((dimension) => isSameName(dimension.name, name));
  return (
    same &&
    `dimension ${same.id} has that name too, but scope ${same.scope}, which stores one value per visit`
  );
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

function planGoal(state: MatomoState, { name, pattern }: WantedGoal): PlanStep {
  const kind = 'goal';
  if (state.hidden.goal !== undefined) return blocked(kind, name, state.hidden.goal);
  const same = state.goals.filter((goal) => isSameName(goal.name, name));
  const found = same.find(
    (goal) =>
      goal.matchAttribute === 'url' && goal.patternType === 'contains' && goal.pattern === pattern,
  );
  if (found) return { action: 'present', kind, name, id: found.id };
  const [other] = same;
  if (other) {
    const is = `${other.matchAttribute} ${other.patternType} ${show(other.pattern)}`;
    const reason = `goal ${other.id} has that name and another condition (${is}); change it in Administration > Goals, or choose another name`;
    return blocked(kind, name, reason);
  }
  const refusal = refuseWrite(state);
  if (refusal !== undefined) return blocked(kind, name, refusal);
  const match = { matchAttribute: 'url', pattern, patternType: 'contains' };
  // Matomo 6 accepts no other booleans than 0 and 1.
  const flags = { caseSensitive: '0', allowMultipleConversionsPerVisit: '0' };
  const params = { idSite: String(state.site?.id), name, ...match, ...flags };
  return {
    action: 'create',
    kind,
    name,
    ...(state.site && { call: { method: 'Goals.addGoal', params } }),
  };
}

function planSegment(
  state: MatomoState,
  { name, dimension, condition }: WantedSegment,
  dimensions: readonly PlanStep[],
): PlanStep {
  const kind = 'segment';
  const needed = dimensions.find((step) => step.name === dimension);
  if (needed === undefined || needed.action === 'blocked') {
    const isOptional = needed?.isOptional && { isOptional: true as const };
    return { ...blocked(kind, name, REFUSALS.needsDimension(dimension)), ...isOptional };
  }
  if (state.hidden.segment !== undefined) return blocked(kind, name, state.hidden.segment);
  const definition = needed.id === undefined ? undefined : `dimension${needed.id}${condition}`;
  const found = state.segments.find((segment) => segment.definition === definition);
  if (found) return { action: 'present', kind, name, id: found.id };
  const other = state.segments.find((segment) => isSameName(segment.name, name));
  if (other) {
    const reason = `segment ${other.id} has that name and another definition (${show(other.definition)}); rename or delete it in Matomo`;
    return blocked(kind, name, reason);
  }
  const isShared = state.role === 'super';
  const reason = isShared ? 'for all users' : 'only the user of this token sees it';
  const call = definition !== undefined && {
    method: 'SegmentEditor.add',
    params: {
      name,
      definition,
      idSite: String(state.site?.id),
      autoArchive: '0',
      enabledAllUsers: isShared ? '1' : '0',
    },
  };
  return { action: 'create', kind, name, reason, ...(call && { call }) };
}

function refuseWrite({ role, site }: MatomoState): string | undefined {
  return role === 'view' && site ? REFUSALS.needsWrite(site.id, role) : undefined;
}

function blocked(kind: PlanKind, name: string, reason: string): PlanStep {
  return { action: 'blocked', kind, name, reason };
}
