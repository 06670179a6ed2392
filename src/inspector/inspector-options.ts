import { show } from '../common/diagnostics.js';
import { MATOMO_VERSIONS, type MatomoVersion } from '../hit/bots/reported-chatbots.js';
import { toSiteId } from '../hit/parameters/parameter-value.js';
import { functionOption, oneOf } from '../options/parse-values.js';
import {
  flag,
  invalid,
  isRecord,
  listOf,
  parseOptions,
  text,
  unknownOption,
  wholeNumber,
} from './parse-options.js';
import { type SpamPrevention, toSpamPrevention } from './rules/spam-prevention.js';

/** The settings of a site in Matomo. */
export interface InspectorSite {
  /** URLs of the site. Referrers on their hosts are direct entries. Hits may have other URLs too. */
  readonly urls?: readonly string[] | undefined;
  /** Has no effect: Matomo accepts orders and carts for any site. */
  readonly ecommerce?: boolean | undefined;
  /**
   * IDs of goals that hits can convert with `idgoal`.
   *
   * @default none
   */
  readonly goals?: readonly number[] | undefined;
  /**
   * IDs of active custom dimensions in the scope `action`.
   *
   * @default none
   */
  readonly dimensions?: readonly number[] | undefined;
}

/** The access of a token. Everything that needs a token needs at least `write`. */
export type TokenRole = 'view' | 'write' | 'admin' | 'super';

/** The access of a token to all sites, or to some. */
export type TokenAccess =
  | TokenRole
  | { readonly role: TokenRole; readonly sites: readonly number[] };

/** Options of an inspector. */
export interface InspectorOptions {
  /**
   * Port to listen on; 0 is any free port.
   *
   * @default 0
   */
  readonly port?: number | undefined;
  /**
   * Address to listen on.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string | undefined;
  /**
   * Sites by ID.
   *
   * @default every ID exists, with dimensions 1 to 5 and goals 1 to 999
   */
  readonly sites?: Readonly<Record<string, InspectorSite>> | undefined;
  /**
   * Access by token, for all sites or for some.
   *
   * @default any token has `write` access to all sites
   */
  readonly tokens?: Readonly<Record<string, TokenAccess>> | undefined;
  /**
   * The Matomo version that is simulated: which AI chatbots it knows, how it stores their URLs, whether AI assistants are
   * referrers of their own, and whether it drops hits of clouds (see `spamPrevention`).
   *
   * @default 'newest'
   */
  readonly matomoVersion?: MatomoVersion | undefined;
  /**
   * Matomo's plugin TrackingSpamPrevention, which silently drops hits of clouds and of headless browsers: `'off'`, `'default'` as
   * on a new installation of Matomo 6, or its settings.
   *
   * @default 'default' for `matomoVersion: '6'`, otherwise 'off'
   */
  readonly spamPrevention?: 'off' | 'default' | SpamPrevention | undefined;
  /**
   * Whether Matomo's plugin BotTracking is active.
   *
   * @default true
   */
  readonly botTracking?: boolean | undefined;
  /**
   * Returns the time of arrival in epoch milliseconds.
   *
   * @default Date.now
   */
  readonly clock?: (() => number) | undefined;
}

const ids = listOf(wholeNumber(1, 4_294_967_295)); // int unsigned
const role = oneOf('view', 'write', 'admin', 'super');
const SITE = { urls: listOf(siteUrl), ecommerce: flag, goals: ids, dimensions: ids };
const OPTIONS = {
  port: wholeNumber(0, 65_535),
  host: text,
  sites: toSites,
  tokens: toAccessByToken,
  matomoVersion: oneOf(...MATOMO_VERSIONS),
  spamPrevention: toSpamPrevention,
  botTracking: flag,
  clock: functionOption<() => number>(),
};

type Sites = ReadonlyMap<number, InspectorSite>;
type AccessByToken = ReadonlyMap<string, TokenAccess>;

/** Options after their check. */
export interface CheckedOptions extends Omit<InspectorOptions, 'sites' | 'tokens'> {
  readonly sites?: Sites | undefined;
  readonly tokens?: AccessByToken | undefined;
  readonly spamPrevention?: SpamPrevention | 'off' | undefined;
}

/** Checks and copies options. @throws OptionError naming option and value */
export function checkOptions(options: unknown): CheckedOptions {
  const place = 'startInspector()';
  for (const [name, value] of Object.entries(isRecord(options) ? options : {})) {
    if (!Object.hasOwn(SITE, name)) continue;
    const advice = `it belongs to a site, as in sites: { 1: { ${name}: … } }`;
    throw unknownOption(name, place, value, advice);
  }
  return parseOptions(place, options, OPTIONS);
}

function toSites(name: string, value: unknown): Sites {
  if (!isRecord(value)) throw invalid(name, 'an object of sites by ID', value);
  return new Map(
    Object.entries(value).map(([id, site]) => {
      const place = `${name}[${show(id)}]`;
      const number = toSiteId(id);
      if (number === undefined) throw invalid(name, 'an object of sites by ID', id);
      return [number, parseOptions(place, site, SITE)];
    }),
  );
}

function siteUrl(name: string, value: unknown): string {
  if (typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value)) return value;
  throw invalid(name, 'a URL that begins with http:// or https://', value);
}

/** Errors do not show tokens. */
function toAccessByToken(name: string, value: unknown): AccessByToken {
  if (!isRecord(value)) throw invalid(name, 'an object of roles by token', typeof value);
  return new Map(
    Object.entries(value).map(([token, access]): [string, TokenAccess] => {
      const place = `${name}[…]`;
      if (!isRecord(access)) return [token, role(place, access)];
      const { role: wanted, sites } = parseOptions(place, access, { role, sites: ids });
      if (wanted === undefined || sites === undefined) {
        throw invalid(place, 'a role, or an object with role and sites', access);
      }
      return [token, { role: wanted, sites }];
    }),
  );
}

/** Finds the site with an ID; `undefined` if it does not exist. */
export type FindSite = (id: number) => InspectorSite | undefined;

/** Finds the access of a token to a site; `undefined` if the token is unknown. */
export type FindRole = (token: string, site: number) => TokenRole | 'none' | undefined;

const ANY_SITE: InspectorSite = {
  dimensions: [1, 2, 3, 4, 5],
  goals: Array.from({ length: 999 }, (_, index) => index + 1),
};

export function createFindSite(sites: Sites | undefined): FindSite {
  return sites ? (id) => sites.get(id) : (id) => (id > 0 ? ANY_SITE : undefined);
}

export function createFindRole(tokens: AccessByToken | undefined): FindRole {
  if (tokens === undefined) return (token) => (token === '' ? undefined : 'write');
  return (token, site) => {
    const access = tokens.get(token);
    if (access === undefined || typeof access === 'string') return access;
    return access.sites.includes(site) || access.role === 'super' ? access.role : 'none';
  };
}
