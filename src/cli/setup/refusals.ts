import { show } from '../../common/diagnostics.js';
import type { Role } from './read-site.js';

const GRANT = 'in Administration > System > Users';

/** Why Matomo rejects a step of the plan, and who can change that. */
export const REFUSALS = {
  needsWrite(siteId: number, role?: Role): string {
    const has = role === undefined ? 'lacks' : `has ${role} access but lacks`;
    return `the token ${has} write access to site ${siteId}; an administrator of the site or a super user can grant it ${GRANT}`;
  },
  needsAdmin(siteId: number): string {
    return `the token lacks admin access to site ${siteId}; an administrator of the site or a super user can grant it ${GRANT}`;
  },
  needsView(siteId: number | undefined): string {
    const site = siteId === undefined ? 'any site' : `site ${siteId}, or the site does not exist`;
    return `the token has no access to ${site}; an administrator of the site or a super user can grant it ${GRANT}`;
  },
  needsSuperUser:
    'only a super user can create sites: use the token of one, or ask one to create the site and set MATOMO_SITE_ID',
  sharesNoSegments:
    'only a super user can share segments with all users: use the token of a super user, or of the user who needs the segments',
  needsUser:
    'the user of the token may not create segments; a user with view access to the site can',
  pluginOff(plugin: string): string {
    return `the plugin ${plugin} is off; a super user can activate it in Administration > System > Plugins, or run ./console plugin:activate ${plugin} on the Matomo server`;
  },
  noSlot(siteId: number, missing: number): string {
    return `site ${siteId} has no free slot for action dimensions; the operator of Matomo can run ./console customdimensions:add-custom-dimension --scope=action --count=${missing} on its server`;
  },
  needsDimension(name: string): string {
    return `it needs the dimension ${show(name)}`;
  },
  noSegmentDimension(dimension: string): string {
    return `Matomo has no active ${dimension} in this site; run setup again to read the IDs again`;
  },
  noSite(siteId: string): string {
    return `Matomo has no site ${siteId}; create it with --create-site, or correct MATOMO_SITE_ID`;
  },
  noMethod(method: string): string {
    return `this Matomo has no API method ${method}; the operator of Matomo can update it`;
  },
  needsArchiving:
    'Matomo allows only segments that it processes in advance; a super user can change the archiving in Administration > System > General settings',
} as const;

type Explain = (captured: readonly string[]) => string;

/** Matomo's own messages in English, as recorded. */
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

/** Explains a rejection and who can change it; an unknown one is quoted. */
export function explainRefusal(message: string): string {
  for (const [pattern, explain] of MESSAGES) {
    const match = pattern.exec(message);
    if (match) return explain(match.slice(1));
  }
  return `Matomo rejects it: ${show(message)}`;
}
