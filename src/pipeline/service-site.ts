import type { ResolvedOptions } from '../options/option-table.js';
import { ServiceSites } from '../options/service-sites.js';
import type { ServiceDefaults } from '../requests/resource.js';

/** The site of a service: `matomo.idsite` of its resource wins over the option. `undefined` if there is none, or a function chooses it. */
export function siteOfService(
  siteId: ResolvedOptions['siteId'],
  { site, attributes }: ServiceDefaults,
): number | undefined {
  if (site !== undefined || typeof siteId === 'function') return site;
  return siteId instanceof ServiceSites ? siteId.siteOf(attributes['service.name']) : siteId;
}
