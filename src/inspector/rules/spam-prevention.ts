import { isRecord } from '../../common/is-record.js';
import { createIsInRanges } from '../../hit/visitor/addresses.js';
import {
  type InCode,
  option,
  type ResolvedValues,
  resolveInCode,
} from '../../options/declaration.js';
import { boolean, listOf } from '../../options/parse-values.js';
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

const addresses = listOf('a list of IP addresses and CIDRs', (value) => {
  try {
    return typeof value === 'string' && createIsInRanges([value]) ? value : undefined;
  } catch {
    return undefined;
  }
});
const SETTINGS = {
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
   * Whether hits of client libraries such as curl are dropped: `blockServerSideLibraries`.
   *
   * @default false
   */
  blockLibraries: option(boolean, { default: false }),
};

/**
 * Settings of Matomo's plugin TrackingSpamPrevention. Addresses are IP addresses or CIDRs. Matomo finds organizations in a
 * GeoIP database; the inspector has none, and needs their addresses.
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

/** Why the plugin drops a hit; `undefined` if it does not. */
export type FindSpam = (hit: JudgedHit) => string | undefined;

export function createFindSpam(settings: SpamSettings): FindSpam {
  const { blockHeadless, blockLibraries } = settings;
  const isBlocked = createIsIn(settings.blockList);
  const isOfOrganization = createIsIn(settings.organizations);
  const isOfCloud = createIsIn(settings.clouds);

  return function findSpam(hit) {
    const { address, parameters, userAgent } = hit;
    if (isGoogleProxy(hit)) return undefined;
    const name = toText(parameters.cip) === '' ? 'address of the sender' : 'cip';
    const isHeadless = HEADLESS.test(userAgent) || HEADLESS.test(toText(parameters.uadata));
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
      [isLibrary, 'ua: a client library', 'blockServerSideLibraries'],
    ];
    const [, what, setting] = rules.find(([applies]) => applies) ?? [];
    return what && `${what}, dropped by TrackingSpamPrevention (${setting})`;
  };
}

/** Matomo expects people behind this proxy, although its addresses are Google's. */
function isGoogleProxy({ headers, address }: JudgedHit): boolean {
  return String(headers.via).includes('chrome-compression-proxy') && isGoogleAddress(address);
}
