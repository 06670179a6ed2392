import type { ResolvedOptions } from '../options/option-table.js';
import { type ApiCall, ApiFailure } from './matomo-api.js';
import { type Dimension, isTooOld, type MatomoSite } from './matomo-site.js';

/** The names of the dimensions that setup creates, by their attributes, the most important first. */
export const WANTED: Readonly<Record<string, string>> = {
  'matomo.failed_endpoint': 'Failed endpoint',
  'http.response.status_code': 'HTTP status',
  'http.request.method': 'HTTP method',
  'http.route': 'Route',
};

/** The option `dimensions`: attributes by the ID of the dimension. */
type Mapped = ResolvedOptions['dimensions'];

/** A step of the plan, for one dimension. */
export interface Step {
  readonly action: 'create' | 'present' | 'blocked';
  readonly name: string;
  readonly attribute: string;
  readonly id?: number;
  readonly reason?: string;
  /** The call that creates the dimension. */
  readonly call?: ApiCall;
}

const WHO_GRANTS =
  'an administrator of the site or a super user can grant it in Administration > System > Users';

/** @throws ApiFailure if the version of Matomo or the access to the site is not sufficient for setup */
export function requireAccess({ siteId, version, access, dimensions }: MatomoSite): void {
  if (isTooOld(version)) {
    const what = `Matomo ${version} is older than Matomo 5`;
    throw new ApiFailure('matomo-too-old', what, 'Update Matomo');
  }
  if (access === undefined || access.role === 'none') {
    const what = `The token has no access to site ${siteId}, or the site does not exist; ${WHO_GRANTS}`;
    throw new ApiFailure('site-unknown', what, 'Correct MATOMO_SITE_ID, or use another token');
  }
  if (dimensions !== undefined) return;
  const what = `Matomo does not show the dimensions of site ${siteId}`;
  const advice =
    'A super user can activate the plugin CustomDimensions in Administration > System > Plugins';
  throw new ApiFailure('request-rejected', what, advice);
}

/** Compares the wanted dimensions with those in Matomo. */
export function makePlan(site: MatomoSite, mapped: Mapped): readonly Step[] {
  const { siteId, access, freeSlots = Number.POSITIVE_INFINITY } = site;
  let free = freeSlots;
  return Object.entries(WANTED).map(([attribute, name]): Step => {
    const known = find(site, mapped, attribute, name);
    const step = { name, attribute, ...(known && { id: known.id }) };
    const block = (reason: string) => ({ ...step, action: 'blocked' as const, reason });
    if (known) return known.isActive ? { ...step, action: 'present' } : block(INACTIVE);
    if (access?.role === 'view') return block(`the token lacks write access; ${WHO_GRANTS}`);
    free -= 1;
    if (free < 0) return block(NO_SLOT);
    const method = 'CustomDimensions.configureNewCustomDimension';
    const params = { idSite: String(siteId), name, scope: 'action', active: '1' };
    return { ...step, action: 'create', call: { method, params } };
  });
}

const INACTIVE = 'it is inactive: activate it in Administration > Websites > Custom Dimensions';
const NO_SLOT =
  'the site has no free slot: run ./console customdimensions:add-custom-dimension --scope=action on the Matomo server, which alters the table log_link_visit_action, and then setup again';

/**
 * Finds an action dimension by MATOMO_DIMENSIONS, then by its name unless
 * it is mapped to something else. Active ones take precedence.
 */
function find({ dimensions = [] }: MatomoSite, mapped: Mapped, attribute: string, name: string) {
  const some = dimensions
    .filter(({ scope }) => scope === 'action')
    .sort((one, other) => Number(other.isActive) - Number(one.isActive));
  const isNamed = (one: Dimension) => one.name.trim().toLowerCase() === name.toLowerCase();
  return (
    some.find(({ id }) => mapped[id] === attribute) ??
    some.find((one) => mapped[one.id] === undefined && isNamed(one))
  );
}

/** The variables that an application needs for the site. Existing mappings stay. */
export function toEnvironment(
  url: URL,
  { siteId, access, plugins }: MatomoSite,
  plan: readonly Step[],
  mapped: Mapped,
): Record<string, string> {
  const present = plan.filter(({ action }) => action === 'present');
  const found = present.map((step) => [step.id, step.attribute]);
  const all = Object.entries({ ...Object.fromEntries(found), ...mapped });
  return {
    MATOMO_URL: url.href.replace(/\/matomo\.php$/, ''),
    MATOMO_SITE_ID: String(siteId),
    // The token of setup is not shown: it may have more or fewer rights than tracking needs.
    MATOMO_TOKEN_AUTH: access?.role === 'view' ? '<token with write access>' : '<your token>',
    ...(all.length > 0 && {
      MATOMO_DIMENSIONS: all.map(([id, attribute]) => `${id}=${attribute}`).join(','),
    }),
    // Without the plugin, Matomo drops custom variables.
    ...(plugins.CustomVariables === false && { MATOMO_MAX_CUSTOM_VARIABLES: '0' }),
  };
}
