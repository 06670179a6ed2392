import type { MatomoVersion } from './rules/matomo-version.js';

/** What a site has set up in Matomo. */
export interface InspectorSite {
  /** Addresses of the site; they are accepted but exclude nothing, as in Matomo by default. */
  readonly urls?: string[];
  /** Changes nothing: Matomo takes orders and carts for any site. */
  readonly ecommerce?: boolean;
  /** Goals that can be converted by `idgoal`. Default: none. */
  readonly goals?: number[];
  /** Ids of custom dimensions in the scope of an action. Default: none. */
  readonly dimensions?: number[];
}

/** What a token may do. Anything that needs a token needs at least `write`. */
export type TokenRole = 'view' | 'write' | 'admin' | 'super';

/** Settings of an inspector. */
export interface InspectorOptions {
  /** Default: 0, any free port. */
  readonly port?: number;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** Sites by id. Default: every id exists, with dimensions 1 to 5 and goals 1 to 999. */
  readonly sites?: Record<string, InspectorSite>;
  /** Rights by token, for all sites or for some. Default: any token has `write` everywhere. */
  readonly tokens?: Record<string, TokenRole | { role: TokenRole; sites: number[] }>;
  /**
   * The Matomo whose treatment of AI chatbots is modeled: which of them it knows, and how it stores their URLs.
   * @default 'newest'
   */
  readonly matomoVersion?: MatomoVersion;
  /** Whether Matomo's plugin BotTracking is active. Default: true. */
  readonly botTracking?: boolean;
  /** Passes requests on to this Matomo, unchanged, and gives its answers and its verdicts. Default: nowhere. */
  readonly forward?: string | URL;
  /** Time of arrival in epoch milliseconds. Default: `Date.now`. */
  readonly clock?: () => number;
}

/** The site of an id, or undefined where there is none. */
export type FindSite = (id: number) => InspectorSite | undefined;

/** What a token may do on a site, or undefined where nobody has that token. */
export type FindRole = (token: string, site: number) => TokenRole | 'none' | undefined;

const ANY_SITE: InspectorSite = {
  dimensions: [1, 2, 3, 4, 5],
  goals: Array.from({ length: 999 }, (_, index) => index + 1),
};

export function createFindSite(sites: InspectorOptions['sites']): FindSite {
  if (sites === undefined) return (id) => (id > 0 ? ANY_SITE : undefined);
  const byId = new Map(Object.entries(sites).map(([id, site]) => [Number(id), site]));
  return (id) => byId.get(id);
}

export function createFindRole(tokens: InspectorOptions['tokens']): FindRole {
  if (tokens === undefined) return (token) => (token === '' ? undefined : 'write');
  const byToken = new Map(Object.entries(tokens));
  return (token, site) => {
    const rights = byToken.get(token);
    if (rights === undefined || typeof rights === 'string') return rights;
    return rights.sites.includes(site) || rights.role === 'super' ? rights.role : 'none';
  };
}
