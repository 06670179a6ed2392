import { show } from '../../common/diagnostics.js';
import type { Role } from './read-site.js';

const GRANT = 'in Administration > System > Users';

/** What is in the way of a part of the plan, and who can change that. One sentence or two, for people. */
export const REFUSALS = {
  needsWrite(siteId: number, role?: Role): string {
    const has = role === undefined ? 'lacks' : `has ${role} access, and lacks`;
    return `the token ${has} write access to site ${siteId}; an administrator of the site or a super user can grant it ${GRANT}`;
  },
  needsAdmin(siteId: number): string {
    return `the token lacks admin access to site ${siteId}; an administrator of the site or a super user can grant it ${GRANT}`;
  },
  needsView(siteId: number | undefined): string {
    const site = siteId === undefined ? 'any site' : `site ${siteId}, or there is no such site`;
    return `the token has no access to ${site}; an administrator of the site or a super user can grant it ${GRANT}`;
  },
  needsSuperUser:
    'only a super user can create sites: use the token of one, or ask one to create the site and set MATOMO_SITE_ID',
  sharesNoSegments:
    'only a super user can share segments with all users: use the token of one, or the token of the person who needs them',
  needsUser:
    'the token belongs to no user who may create segments; a user with view access to the site can',
  pluginOff(plugin: string): string {
    return `the plugin ${plugin} is off; a super user can activate it in Administration > System > Plugins, or run ./console plugin:activate ${plugin} on the Matomo server`;
  },
  noSlot(siteId: number, missing: number): string {
    return `no free slot for action dimensions in site ${siteId}; whoever operates Matomo can run ./console customdimensions:add-custom-dimension --scope=action --count=${missing} on its server`;
  },
  needsDimension(name: string): string {
    return `it needs the dimension ${show(name)}`;
  },
  noSegmentDimension(dimension: string): string {
    return `Matomo has no active ${dimension} in this site; run setup again, which reads the IDs again`;
  },
  noSite(siteId: string): string {
    return `Matomo has no site ${siteId}; create it with --create-site, or correct MATOMO_SITE_ID`;
  },
  noMethod(method: string): string {
    return `this Matomo has no API method ${method}; whoever operates Matomo can update it`;
  },
  needsArchiving:
    'Matomo processes segments of reports in advance only; a super user can see to its archiving in Administration > System > General settings',
} as const;

type Explain = (captured: readonly string[]) => string;

/** Matomo's own words for what it refuses, in English, as recorded. */
const MESSAGES: readonly (readonly [RegExp, Explain])[] = [
  [/requires 'write' access for the website id = (\d+)/, ([id]) => REFUSALS.needsWrite(Number(id))],
  [/requires 'admin' access for the website id = (\d+)/, ([id]) => REFUSALS.needsAdmin(Number(id))],
  [/requires 'view' access for the website id = (\d+)/, ([id]) => REFUSALS.needsView(Number(id))],
  [/requires view access for at least one website/, () => REFUSALS.needsView(undefined)],
  [/requires a 'superuser' access/, () => REFUSALS.needsSuperUser],
  [/enabledAllUsers=1 requires Super User access/, () => REFUSALS.sharesNoSegments],
  [/required access level to create and edit segments/, () => REFUSALS.needsUser],
  [
    /All Custom Dimensions for website (\d+) in scope 'action' are already used/,
    ([id]) => REFUSALS.noSlot(Number(id), 1),
  ],
  [/The plugin (\w+) is not enabled/, ([plugin = '']) => REFUSALS.pluginOff(plugin)],
  [
    /Segment '(dimension\d+)' is not a supported segment/,
    ([name = '']) => REFUSALS.noSegmentDimension(name),
  ],
  [/website id was set to '(\d+)'/, ([id = '']) => REFUSALS.noSite(id)],
  [/The method '(\w+)' does not exist/, ([method = '']) => REFUSALS.noMethod(method)],
  [/Pre-processed segments can only be created/, () => REFUSALS.needsArchiving],
];

/** A refusal of Matomo as a sentence that names who can do something about it; else Matomo's own words. */
export function explainRefusal(message: string): string {
  for (const [pattern, explain] of MESSAGES) {
    const match = pattern.exec(message);
    if (match) return explain(match.slice(1));
  }
  return `Matomo refuses it: ${show(message)}`;
}
