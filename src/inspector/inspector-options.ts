import { isRecord } from '../common/is-record.js';
import { toSiteId } from '../hit/parameters/parameter-values.js';
import {
  type InCode,
  invalid,
  option,
  type Parser,
  parser,
  type ResolvedValues,
} from '../options/option.js';
import { resolveInCode } from '../options/resolve-options.js';
import { boolean, integer, listOf, text } from '../options/values.js';

const id = integer(1, 4_294_967_295); // int unsigned
const ids = listOf('a list of IDs', (value, name) => id(name, value));

const SITE = {
  /**
   * IDs of active custom dimensions in the scope `action`.
   *
   * @default the option `dimensions`
   */
  dimensions: option(ids),
};

/** A site that exists in Matomo. */
export interface InspectorSite extends InCode<typeof SITE> {}

const sites: Parser<
  ReadonlyMap<number, ResolvedValues<typeof SITE>>,
  Readonly<Record<string, InspectorSite>>
> = parser('an object of sites by ID', (value, name) => {
  if (!isRecord(value)) return undefined;
  return new Map(
    Object.entries(value).map(([key, site]) => {
      const siteId = toSiteId(key);
      if (siteId === undefined) throw invalid(name, sites.wanted, key);
      return [siteId, resolveInCode(`${name}["${siteId}"]`, SITE, site)];
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
   * @default every ID exists
   */
  sites: option(sites),
  /**
   * IDs of active custom dimensions in the scope `action`, for all sites that do not have their own in `sites`.
   *
   * @default 1 to 5
   */
  dimensions: option(ids, { default: [1, 2, 3, 4, 5] }),
  /**
   * Whether Matomo's plugin CustomVariables is active, which Matomo 5 does not include.
   *
   * @default false
   */
  customVariables: option(boolean, { default: false }),
};

/** Options of an inspector. */
export interface InspectorOptions extends InCode<typeof INSPECTOR_OPTIONS> {}

/** Options with defaults. */
export type ResolvedInspector = ResolvedValues<typeof INSPECTOR_OPTIONS>;

export const PLAYED_ANSWER = {
  /**
   * Status of the answer, which has no body. Hits are not processed.
   *
   * @default 503
   */
  status: option(integer(200, 599), { default: 503 }),
  /**
   * Number of requests to answer like this.
   *
   * @default all until the next call of `play()`
   */
  times: option(integer(1, Number.MAX_SAFE_INTEGER), { default: Number.MAX_SAFE_INTEGER }),
};

/** An answer that replaces the tracker's own, to test an outage. */
export interface PlayedAnswer extends InCode<typeof PLAYED_ANSWER> {}

export const WAIT = {
  /**
   * Maximum wait in milliseconds.
   *
   * @default 5000
   */
  timeoutMillis: option(integer(0, 2_147_483_647), { default: 5_000 }),
};

/** Options of `waitForHits`. */
export interface WaitOptions extends InCode<typeof WAIT> {}
