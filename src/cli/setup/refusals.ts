import { show } from '../../common/diagnostics.js';
import type { Role } from './read-site.js';

const GRANT = 'in Administration > System > Users';

/** Why a step of the plan cannot be done, and who can change that. */
export const REFUSALS = {
  needsWrite(siteId: number, role?: Role): string {
    const has = role === undefined ? 'lacks' : `has ${role} access but lacks`;
    return `the token ${has} write access to site ${siteId}; an administrator of the site or a super user can grant it ${GRANT}`;
  },
  needsView(siteId: number): string {
    return `the token has no access to site ${siteId}, or the site does not exist; an administrator of the site or a super user can grant it ${GRANT}`;
  },
  needsSuperUser:
    'only a super user can create sites: use the token of one, or ask one to create the site and set MATOMO_SITE_ID',
  pluginOff(plugin: string): string {
    return `the plugin ${plugin} is off; a super user can activate it in Administration > System > Plugins, or run ./console plugin:activate ${plugin} on the Matomo server`;
  },
  noSlot(siteId: number, missing: number): string {
    return `site ${siteId} has no free slot for action dimensions; the operator of Matomo can run ./console customdimensions:add-custom-dimension --scope=action --count=${missing} on its server`;
  },
  needsDimension(name: string): string {
    return `it needs the dimension ${show(name)}`;
  },
} as const;

/** Why Matomo rejected a call, in its own words. */
export function quoteRefusal(message: string): string {
  return `Matomo rejects it: ${show(message)}`;
}
