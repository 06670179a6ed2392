import { isRecord } from '../../common/is-record.js';
import { createIsInRanges } from '../../hit/visitor/addresses.js';
import {
  type InCode,
  option,
  type ResolvedValues,
  resolveInCode,
} from '../../options/declaration.js';
import { boolean, integer, listOf } from '../../options/parse-values.js';
import { type Parser, parser } from '../../options/parser.js';
import { toText } from './cell.js';
import { createIsIn, isGoogleAddress, type JudgedHit } from './judged-hit.js';

const CLOUDS = [
  '3.5.140.0/22',
  '52.94.0.0/16',
  '2600:1f00::/24',
  '13.64.0.0/16',
  '20.33.0.0/16',
  '138.68.0.0/16',
  '34.64.0.0/10',
  '129.146.0.0/21',
];
const HEADLESS =
  /headlesschrome|phantomjs|electron|apachebench|siege\/|https:\/\/k6\.io\/|radview|locust|cypress/i;
/** A few of the clients that Matomo recognizes as libraries: those that were measured. */
const LIBRARY =
  /\b(?:curl|python-requests|python-httpx|aiohttp|node-fetch|undici|axios|go-http-client|okhttp|postmanruntime|apache-httpclient|guzzlehttp)\b|\b(?:java|dart)\/\d/i;
const VISIT_SECONDS = 1800;

const addresses = listOf('a list of IP addresses and CIDRs', (value) => {
  try {
    return typeof value === 'string' && createIsInRanges([value]) ? value : undefined;
  } catch {
    return undefined;
  }
});
const SETTINGS = {
  /**
   * Addresses of which no hit is dropped: `ip_allow_list`.
   *
   * @default none
   */
  allowList: option(addresses, { default: [] }),
  /**
   * Addresses of which all hits are dropped: `ip_block_list`.
   *
   * @default none
   */
  blockList: option(addresses, { default: [] }),
  /**
   * Whether hits of headless browsers and load testers are dropped: `block_headless`.
   *
   * @default true
   */
  blockHeadless: option(boolean, { default: true }),
  /**
   * Addresses of blocked organizations, such as hosters: `organisation_block_list` and `cloud_blocking_mode`.
   *
   * @default none
   */
  organizations: option(addresses, { default: [] }),
  /**
   * Addresses of clouds: `block_clouds`. Matomo downloads complete lists every day.
   *
   * @default a few networks of AWS, Azure, DigitalOcean, Google Cloud and Oracle
   */
  clouds: option(addresses, { default: CLOUDS }),
  /**
   * Addresses in blocked countries: `excluded_countries` and `included_countries`.
   *
   * @default none
   */
  countries: option(addresses, { default: [] }),
  /**
   * Whether hits of client libraries such as curl are dropped: `blockServerSideLibraries`.
   *
   * @default false
   */
  blockLibraries: option(boolean, { default: false }),
  /**
   * Maximum number of actions in a visit: `max_actions_allowed`. The hit after that is dropped, and so are all later hits of its
   * address. 0 is no maximum.
   *
   * @default 0
   */
  maxActions: option(integer(0, Number.MAX_SAFE_INTEGER), { default: 0 }),
};

/**
 * Settings of Matomo's plugin TrackingSpamPrevention. Addresses are IP addresses or CIDRs. Matomo finds organizations and
 * countries in a GeoIP database; the inspector has none, and needs their addresses.
 */
export interface SpamPrevention extends InCode<typeof SETTINGS> {}

/** Settings with defaults. */
export type SpamSettings = ResolvedValues<typeof SETTINGS>;

/** The option `spamPrevention` of the inspector. */
export const spamPrevention: Parser<SpamSettings | 'off', 'off' | 'default' | SpamPrevention> =
  parser('"off", "default" or an object of settings', (value, name) => {
    if (value === 'off') return value;
    const settings = value === 'default' ? {} : value;
    return isRecord(settings) ? resolveInCode(name, SETTINGS, settings) : undefined;
  });

/** The rules of the plugin. */
export interface SpamRules extends ReturnType<typeof createSpamRules> {}

export function createSpamRules(settings: SpamSettings) {
  const { blockHeadless, blockLibraries, maxActions } = settings;
  const isAllowed = createIsIn(settings.allowList);
  const isBlocked = createIsIn(settings.blockList);
  const isOfOrganization = createIsIn(settings.organizations);
  const isOfCloud = createIsIn(settings.clouds);
  const isInCountry = createIsIn(settings.countries);

  return {
    /** Why the plugin drops a hit before Matomo looks for its visit; `undefined` if it does not. */
    findSpam(hit: JudgedHit): string | undefined {
      const { address, parameters, userAgent, rows } = hit;
      if (isGoogleProxy(hit) || isAllowed(address)) return undefined;
      const name = toText(parameters.cip) === '' ? 'address of the sender' : 'cip';
      const isHeadless = HEADLESS.test(userAgent) || HEADLESS.test(toText(parameters.uadata));
      const isBanned = rows.get(toBan(address)) !== undefined;
      const isLibrary = blockLibraries && LIBRARY.test(userAgent);
      const rules: [applies: boolean, what: string, setting: string][] = [
        [isBlocked(address), `${name}: on the block list`, 'ip_block_list'],
        [blockHeadless && isHeadless, 'ua: a headless browser or load tester', 'block_headless'],
        [
          isOfOrganization(address),
          `${name}: an address of a blocked organization`,
          'cloud_blocking_mode',
        ],
        [isOfCloud(address), `${name}: an address of a cloud`, 'block_clouds'],
        [isBanned, `${name}: banned after a visit with too many actions`, 'max_actions_allowed'],
        [isInCountry(address), `${name}: an address in a blocked country`, 'excluded_countries'],
        [isLibrary, 'ua: a client library', 'blockServerSideLibraries'],
      ];
      const rule = rules.find(([applies]) => applies);
      return rule && explain(rule[1], rule[2]);
    },

    /** Why the plugin drops a hit because of the earlier actions of its visit. It bans the address. */
    findBusyVisit(hit: JudgedHit): string | undefined {
      const { address } = hit;
      if (maxActions === 0 || isAllowed(address) || countActions(hit) < maxActions)
        return undefined;
      hit.rows.set(toBan(address), '');
      return explain(`more than ${maxActions} actions in a visit`, 'max_actions_allowed');
    },

    /** Counts a stored action. */
    countAction(hit: JudgedHit): void {
      if (maxActions > 0) hit.rows.set(toVisit(hit), `${countActions(hit) + 1} ${hit.time}`);
    },
  };
}

function explain(what: string, setting: string): string {
  return `${what}, dropped by TrackingSpamPrevention (${setting})`;
}

/** Matomo expects people behind this proxy, although its addresses are Google's. */
function isGoogleProxy({ headers, address }: JudgedHit): boolean {
  return String(headers.via).includes('chrome-compression-proxy') && isGoogleAddress(address);
}

function toBan(address: string): string {
  return `ban ${address}`;
}

function toVisit(hit: JudgedHit): string {
  const { uid, cid, _id } = hit.parameters;
  const visitor = toText(uid) || toText(cid) || toText(_id) || `${hit.address} ${hit.userAgent}`;
  return `actions ${hit.siteId} ${visitor}`;
}

/** The number of actions that the visit has; 0 if a new one begins. */
function countActions(hit: JudgedHit): number {
  const [count = 0, last = 0] = hit.rows.get(toVisit(hit))?.split(' ').map(Number) ?? [];
  return Math.abs(hit.time - last) <= VISIT_SECONDS ? count : 0;
}
