import { toSiteId } from '../hit/parameters/parameter-values.js';

/** `shop=3` */
const PAIR = /^\s*([^=]*[^=\s])\s*=\s*(\d+)\s*$/;
const ANY_OTHER = '*';

/** The sites of services, such as `shop=3,blog=4,*=1`. A service that is not in the list is not tracked. */
export type ServiceSites = ReadonlyMap<string, number>;

/** `undefined` if the text is no such list, or names a service twice. */
export function readServiceSites(text: string): ServiceSites | undefined {
  const sites = new Map<string, number>();
  for (const pair of text.split(',')) {
    const [, service, id] = PAIR.exec(pair) ?? [];
    const site = toSiteId(id);
    if (service === undefined || site === undefined || sites.has(service)) return undefined;
    sites.set(service, site);
  }
  return sites;
}

/** The site of the service with this `service.name`. */
export function findServiceSite(sites: ServiceSites, service: unknown): number | undefined {
  return sites.get(service as string) ?? sites.get(ANY_OTHER);
}
