import { show } from '../common/diagnostics.js';
import { isRecord } from '../common/is-record.js';
import { MATOMO_VERSIONS } from '../hit/bots/bots.js';
import { toSiteId } from '../hit/parameters/parameter-values.js';
import { type InCode, option, type ResolvedValues, resolveInCode } from '../options/declaration.js';
import { boolean, functionOption, integer, listOf, oneOf } from '../options/parse-values.js';
import { invalid, type Parser, parser, text } from '../options/parser.js';
import { type SpamSettings, spamPrevention } from './rules/spam-prevention.js';

const id = integer(1, 4_294_967_295); // int unsigned
const ids = listOf('a list of IDs', (value, name) => id(name, value));
const siteUrls = listOf('a list of URLs that begin with http:// or https://', (value) =>
  typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value)
    ? value
    : undefined,
);

const SITE = {
  /** URLs of the site. Referrers on their hosts are direct entries. Hits may have other URLs too. */
  urls: option(siteUrls, { default: [] }),
  /**
   * IDs of goals that hits can convert with `idgoal`.
   *
   * @default none
   */
  goals: option(ids, { default: [] }),
  /**
   * IDs of active custom dimensions in the scope `action`.
   *
   * @default the option `dimensions`, or none
   */
  dimensions: option(ids),
};

/** The settings of a site in Matomo. */
export interface InspectorSite extends InCode<typeof SITE> {}

/** A site after its check. */
export type ResolvedSite = ResolvedValues<typeof SITE>;

/** The access of a token. Everything that needs a token needs at least `write`. */
export type TokenRole = 'view' | 'write' | 'admin' | 'super';

/** The access of a token to all sites, or to some. */
export type TokenAccess =
  | TokenRole
  | { readonly role: TokenRole; readonly sites: readonly number[] };

const sites: Parser<
  ReadonlyMap<number, ResolvedSite>,
  Readonly<Record<string, InspectorSite>>
> = parser('an object of sites by ID', (value, name) => {
  if (!isRecord(value)) return undefined;
  return new Map(
    Object.entries(value).map(([key, site]) => {
      const siteId = toSiteId(key);
      if (siteId === undefined) throw invalid(name, sites.wanted, key);
      return [siteId, resolveInCode(`${name}[${show(key)}]`, SITE, site)];
    }),
  );
});

const role: Parser<TokenRole> = oneOf('view', 'write', 'admin', 'super');
const ACCESS = { role: option(role), sites: option(ids) };

/** Errors do not show tokens. */
const tokens: Parser<
  ReadonlyMap<string, TokenAccess>,
  Readonly<Record<string, TokenAccess>>
> = parser('an object of roles by token', (value, name) => {
  if (!isRecord(value)) throw invalid(name, tokens.wanted, typeof value);
  return new Map(
    Object.entries(value).map(([token, access]): [string, TokenAccess] => {
      const place = `${name}[…]`;
      if (!isRecord(access)) return [token, role(place, access)];
      const { role: wanted, sites: of } = resolveInCode(place, ACCESS, access);
      if (wanted === undefined || of === undefined) {
        throw invalid(place, 'a role, or an object with role and sites', access);
      }
      return [token, { role: wanted, sites: of }];
    }),
  );
});

/** The options of an inspector; some are also flags of the command `inspect`. */
export const INSPECTOR_OPTIONS = {
  /**
   * Port to listen on; 0 is any free port.
   *
   * @default 0
   */
  port: option(integer(0, 65_535), { default: 0 }),
  /**
   * Address to listen on.
   *
   * @default '127.0.0.1'
   */
  host: option(text, { default: '127.0.0.1' }),
  /**
   * Sites by ID.
   *
   * @default every ID exists, with goals 1 to 999
   */
  sites: option(sites),
  /**
   * IDs of active custom dimensions in the scope `action`, for all sites that do not have their own in `sites`.
   *
   * @default 1 to 5 if there are no `sites`, until one is created with Matomo's API, as `setup` does
   */
  dimensions: option(ids),
  /**
   * Whether Matomo's plugin CustomVariables is active, which Matomo 5 does not include.
   *
   * @default false
   */
  customVariables: option(boolean, { default: false }),
  /**
   * Access by token, for all sites or for some.
   *
   * @default any token has `write` access to all sites
   */
  tokens: option(tokens),
  /**
   * The Matomo version that is simulated: which AI chatbots it knows, how it stores their URLs, whether AI assistants are
   * referrers of their own, and whether it drops hits of clouds (see `spamPrevention`).
   *
   * @default 'newest'
   */
  matomoVersion: option(oneOf(...MATOMO_VERSIONS), { default: 'newest' }),
  /**
   * Matomo's plugin TrackingSpamPrevention, which silently drops hits of clouds and of headless browsers: `'off'`, `'default'` as
   * on a new installation of Matomo 6, or its settings.
   *
   * @default 'default' for `matomoVersion: '6'`, otherwise 'off'
   */
  spamPrevention: option(spamPrevention),
  /**
   * Whether Matomo's plugin BotTracking is active.
   *
   * @default true
   */
  botTracking: option(boolean, { default: true }),
  /**
   * Returns the time of arrival in epoch milliseconds.
   *
   * @default Date.now
   */
  clock: option(functionOption<() => number>(), { default: Date.now }),
};

/** Options of an inspector. */
export interface InspectorOptions extends InCode<typeof INSPECTOR_OPTIONS> {}

/** Options with defaults. */
export interface ResolvedInspector extends ResolvedValues<typeof INSPECTOR_OPTIONS> {
  readonly spamPrevention: SpamSettings | 'off';
}

/** Checks and copies options. @throws OptionError naming option and value */
export function resolveInspector(options: unknown): ResolvedInspector {
  const values = resolveInCode('startInspector()', INSPECTOR_OPTIONS, options);
  const usual = values.matomoVersion === '6' ? 'default' : 'off';
  return {
    ...values,
    spamPrevention: values.spamPrevention ?? spamPrevention('spamPrevention', usual),
  };
}

/** Finds the access of a token to a site; `undefined` if the token is unknown. */
export type FindRole = (token: string, site: number) => TokenRole | 'none' | undefined;

export function createFindRole(tokens: ResolvedInspector['tokens']): FindRole {
  if (tokens === undefined) return (token) => (token === '' ? undefined : 'write');
  return (token, site) => {
    const access = tokens.get(token);
    if (access === undefined || typeof access === 'string') return access;
    return access.sites.includes(site) || access.role === 'super' ? access.role : 'none';
  };
}
