import type { MatomoVersion } from './rules/matomo-version.js';
import type { SpamPrevention } from './rules/spam-prevention.js';

/** The settings of a site in Matomo. */
export interface InspectorSite {
  /** URLs of the site. Referrers on their hosts are direct entries. Hits may have other URLs too. */
  readonly urls?: string[];
  /** Has no effect: Matomo accepts orders and carts for any site. */
  readonly ecommerce?: boolean;
  /**
   * IDs of goals that hits can convert with `idgoal`.
   *
   * @default none
   */
  readonly goals?: number[];
  /**
   * IDs of active custom dimensions in the scope `action`.
   *
   * @default none
   */
  readonly dimensions?: number[];
}

/** The access of a token. Everything that needs a token needs at least `write`. */
export type TokenRole = 'view' | 'write' | 'admin' | 'super';

/** Options of an inspector. */
export interface InspectorOptions {
  /**
   * Port to listen on; 0 is any free port.
   *
   * @default 0
   */
  readonly port?: number;
  /**
   * Address to listen on.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string;
  /**
   * Sites by ID.
   *
   * @default every ID exists, with dimensions 1 to 5 and goals 1 to 999
   */
  readonly sites?: Record<string, InspectorSite>;
  /**
   * Access by token, for all sites or for some.
   *
   * @default any token has `write` access to all sites
   */
  readonly tokens?: Record<string, TokenRole | { role: TokenRole; sites: number[] }>;
  /**
   * The Matomo version that is simulated: which AI chatbots it knows, how it stores their URLs, whether AI assistants are
   * referrers of their own, and whether it drops hits of clouds (see `spamPrevention`).
   *
   * @default 'newest'
   */
  readonly matomoVersion?: MatomoVersion;
  /**
   * Matomo's plugin TrackingSpamPrevention, which silently drops hits of clouds and of headless browsers: `'off'`, `'default'` as
   * on a new installation of Matomo 6, or its settings.
   *
   * @default 'default' for `matomoVersion: '6'`, otherwise 'off'
   */
  readonly spamPrevention?: 'off' | 'default' | SpamPrevention;
  /**
   * Whether Matomo's plugin BotTracking is active.
   *
   * @default true
   */
  readonly botTracking?: boolean;
  /**
   * URL of a Matomo to which requests are forwarded unchanged. Its answers decide the verdicts.
   *
   * @default requests are not forwarded
   */
  readonly forward?: string | URL;
  /**
   * Returns the time of arrival in epoch milliseconds.
   *
   * @default Date.now
   */
  readonly clock?: () => number;
}

/** Finds the site with an ID; `undefined` if it does not exist. */
export type FindSite = (id: number) => InspectorSite | undefined;

/** Finds the access of a token to a site; `undefined` if the token is unknown. */
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
