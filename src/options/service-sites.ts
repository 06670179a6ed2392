import { toSiteId } from '../hit/parameters/parameter-value.js';

/** `shop=3` */
const PAIR = /^\s*([^=]*[^=\s])\s*=\s*(\d+)\s*$/;
const ANY_OTHER = '*';

/** The sites of services, such as `shop=3,blog=4,*=1`. A service that is not in the list is not tracked. */
export class ServiceSites {
  readonly #byService: ReadonlyMap<string, number>;

  private constructor(byService: ReadonlyMap<string, number>) {
    this.#byService = byService;
  }

  /** `undefined` if the text is no such list, or names a service twice. */
  static parse(text: string): ServiceSites | undefined {
    const byService = new Map<string, number>();
    for (const pair of text.split(',')) {
      const [, service, id] = PAIR.exec(pair) ?? [];
      const site = toSiteId(id);
      if (service === undefined || site === undefined || byService.has(service)) return undefined;
      byService.set(service, site);
    }
    return new ServiceSites(byService);
  }

  /** Each once. */
  get ids(): readonly number[] {
    return [...new Set(this.#byService.values())];
  }

  /** The site of the service with this `service.name`. */
  siteOf(service: unknown): number | undefined {
    const own = typeof service === 'string' ? this.#byService.get(service) : undefined;
    return own ?? this.#byService.get(ANY_OTHER);
  }
}
