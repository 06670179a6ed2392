/** Timings of a page view. */
export const PERF_KEYS = ['pf_net', 'pf_srv', 'pf_tfr', 'pf_dm1', 'pf_dm2', 'pf_onl'] as const;

/**
 * A timing of a page view: `pf_net` network, `pf_srv` server, `pf_tfr` transfer, `pf_dm1` DOM processing, `pf_dm2` DOM completion,
 * `pf_onl` on load. A server can use the last five for its own steps.
 */
export type PerfKey = (typeof PERF_KEYS)[number];

export function isPerfKey(value: unknown): value is PerfKey {
  return PERF_KEYS.includes(value as PerfKey);
}

/**
 * Tracking parameters for one request, by Matomo's names. Custom variables are added to the existing ones. All others replace the
 * value of the hit. `undefined` means that a parameter is not set.
 */
export interface TrackingParameters {
  /** ID of the site. @see [Matomo: `idsite`](https://developer.matomo.org/api-reference/tracking-api) */
  idsite?: number | undefined;
  /** Title of the page. @see [Matomo: `action_name`](https://developer.matomo.org/api-reference/tracking-api) */
  action_name?: string | undefined;
  /** Full URL of the page or action. @see [Matomo: `url`](https://developer.matomo.org/api-reference/tracking-api) */
  url?: string | undefined;
  /** Visitor ID of 16 hexadecimal digits, used if neither `cid` nor `uid` is set. @see [Matomo: `_id`](https://developer.matomo.org/api-reference/tracking-api) */
  _id?: string | undefined;
  /** URL of the referrer. @see [Matomo: `urlref`](https://developer.matomo.org/api-reference/tracking-api) */
  urlref?: string | undefined;
  /** User-Agent of the client. @see [Matomo: `ua`](https://developer.matomo.org/api-reference/tracking-api) */
  ua?: string | undefined;
  /** Client hints of the client, as JSON. @see [Matomo: `uadata`](https://developer.matomo.org/api-reference/tracking-api) */
  uadata?: string | undefined;
  /** Accept-Language of the client. @see [Matomo: `lang`](https://developer.matomo.org/api-reference/tracking-api) */
  lang?: string | undefined;
  /** User ID. @see [Matomo: `uid`](https://developer.matomo.org/api-reference/tracking-api) */
  uid?: string | number | undefined;
  /** Visitor ID of 16 hexadecimal digits. @see [Matomo: `cid`](https://developer.matomo.org/api-reference/tracking-api) */
  cid?: string | undefined;
  /** Starts a new visit. @see [Matomo: `new_visit`](https://developer.matomo.org/api-reference/tracking-api) */
  new_visit?: boolean | 0 | 1 | undefined;
  /** Resolution of the screen, such as `1280x1024`. @see [Matomo: `res`](https://developer.matomo.org/api-reference/tracking-api) */
  res?: string | undefined;
  /** Local time of the visitor: hour. @see [Matomo: `h`](https://developer.matomo.org/api-reference/tracking-api) */
  h?: number | undefined;
  /** Local time of the visitor: minute. @see [Matomo: `m`](https://developer.matomo.org/api-reference/tracking-api) */
  m?: number | undefined;
  /** Local time of the visitor: second. @see [Matomo: `s`](https://developer.matomo.org/api-reference/tracking-api) */
  s?: number | undefined;
  /** Whether the client accepts cookies. @see [Matomo: `cookie`](https://developer.matomo.org/api-reference/tracking-api) */
  cookie?: boolean | 0 | 1 | undefined;
  /** Campaign of a conversion. @see [Matomo: `_rcn`](https://developer.matomo.org/api-reference/tracking-api) */
  _rcn?: string | undefined;
  /** Campaign keyword of a conversion. @see [Matomo: `_rck`](https://developer.matomo.org/api-reference/tracking-api) */
  _rck?: string | undefined;
  /** URL of an outlink. Makes the hit an outlink. @see [Matomo: `link`](https://developer.matomo.org/api-reference/tracking-api) */
  link?: string | undefined;
  /** URL of a file. Makes the hit a download. @see [Matomo: `download`](https://developer.matomo.org/api-reference/tracking-api) */
  download?: string | undefined;
  /** Keyword of a site search. Makes the hit a site search. @see [Matomo: `search`](https://developer.matomo.org/api-reference/tracking-api) */
  search?: string | undefined;
  /** Category of a site search. @see [Matomo: `search_cat`](https://developer.matomo.org/api-reference/tracking-api) */
  search_cat?: string | undefined;
  /** Number of results of a site search. @see [Matomo: `search_count`](https://developer.matomo.org/api-reference/tracking-api) */
  search_count?: number | undefined;
  /** ID of the page view, 6 characters. @see [Matomo: `pv_id`](https://developer.matomo.org/api-reference/tracking-api) */
  pv_id?: string | undefined;
  /** ID of a goal. Makes the hit a conversion; 0 is an order or a cart. @see [Matomo: `idgoal`](https://developer.matomo.org/api-reference/tracking-api) */
  idgoal?: number | undefined;
  /** Revenue of a conversion or an order. @see [Matomo: `revenue`](https://developer.matomo.org/api-reference/tracking-api) */
  revenue?: number | undefined;
  /** Network time, in milliseconds. @see [Matomo: `pf_net`](https://developer.matomo.org/api-reference/tracking-api) */
  pf_net?: number | undefined;
  /** Server time, in milliseconds. @see [Matomo: `pf_srv`](https://developer.matomo.org/api-reference/tracking-api) */
  pf_srv?: number | undefined;
  /** Transfer time, in milliseconds. @see [Matomo: `pf_tfr`](https://developer.matomo.org/api-reference/tracking-api) */
  pf_tfr?: number | undefined;
  /** DOM processing time, in milliseconds. @see [Matomo: `pf_dm1`](https://developer.matomo.org/api-reference/tracking-api) */
  pf_dm1?: number | undefined;
  /** DOM completion time, in milliseconds. @see [Matomo: `pf_dm2`](https://developer.matomo.org/api-reference/tracking-api) */
  pf_dm2?: number | undefined;
  /** On load time, in milliseconds. @see [Matomo: `pf_onl`](https://developer.matomo.org/api-reference/tracking-api) */
  pf_onl?: number | undefined;
  /** Category of an event. Makes the hit an event; needs `e_a`. @see [Matomo: `e_c`](https://developer.matomo.org/api-reference/tracking-api) */
  e_c?: string | undefined;
  /** Action of an event. Makes the hit an event; needs `e_c`. @see [Matomo: `e_a`](https://developer.matomo.org/api-reference/tracking-api) */
  e_a?: string | undefined;
  /** Name of an event. @see [Matomo: `e_n`](https://developer.matomo.org/api-reference/tracking-api) */
  e_n?: string | undefined;
  /** Value of an event. @see [Matomo: `e_v`](https://developer.matomo.org/api-reference/tracking-api) */
  e_v?: number | undefined;
  /** Name of content. Makes the hit a content impression. @see [Matomo: `c_n`](https://developer.matomo.org/api-reference/tracking-api) */
  c_n?: string | undefined;
  /** Piece of content, such as the path of an image. @see [Matomo: `c_p`](https://developer.matomo.org/api-reference/tracking-api) */
  c_p?: string | undefined;
  /** Target of content, such as the URL of a link. @see [Matomo: `c_t`](https://developer.matomo.org/api-reference/tracking-api) */
  c_t?: string | undefined;
  /** Interaction with content, such as `click`. @see [Matomo: `c_i`](https://developer.matomo.org/api-reference/tracking-api) */
  c_i?: string | undefined;
  /** ID of an order. @see [Matomo: `ec_id`](https://developer.matomo.org/api-reference/tracking-api) */
  ec_id?: string | number | undefined;
  /** Items of an order, as JSON. `trackOrder` makes it. @see [Matomo: `ec_items`](https://developer.matomo.org/api-reference/tracking-api) */
  ec_items?: string | undefined;
  /** Subtotal of an order. @see [Matomo: `ec_st`](https://developer.matomo.org/api-reference/tracking-api) */
  ec_st?: number | undefined;
  /** Tax of an order. @see [Matomo: `ec_tx`](https://developer.matomo.org/api-reference/tracking-api) */
  ec_tx?: number | undefined;
  /** Shipping costs of an order. @see [Matomo: `ec_sh`](https://developer.matomo.org/api-reference/tracking-api) */
  ec_sh?: number | undefined;
  /** Discount of an order. @see [Matomo: `ec_dt`](https://developer.matomo.org/api-reference/tracking-api) */
  ec_dt?: number | undefined;
  /** Category of the viewed product. @see [Matomo: `_pkc`](https://developer.matomo.org/api-reference/tracking-api) */
  _pkc?: string | undefined;
  /** Price of the viewed product. @see [Matomo: `_pkp`](https://developer.matomo.org/api-reference/tracking-api) */
  _pkp?: number | undefined;
  /** SKU of the viewed product. @see [Matomo: `_pks`](https://developer.matomo.org/api-reference/tracking-api) */
  _pks?: string | number | undefined;
  /** Name of the viewed product. @see [Matomo: `_pkn`](https://developer.matomo.org/api-reference/tracking-api) */
  _pkn?: string | undefined;
  /** IP address of the client. Needs a token. @see [Matomo: `cip`](https://developer.matomo.org/api-reference/tracking-api) */
  cip?: string | undefined;
  /** Time of the request, in epoch seconds. Older than a day: needs a token. @see [Matomo: `cdt`](https://developer.matomo.org/api-reference/tracking-api) */
  cdt?: number | undefined;
  /** Seconds to subtract from `cdt`. @see [Matomo: `cdo`](https://developer.matomo.org/api-reference/tracking-api) */
  cdo?: number | undefined;
  /** Country of the visitor, two letters. Needs a token. @see [Matomo: `country`](https://developer.matomo.org/api-reference/tracking-api) */
  country?: string | undefined;
  /** Region of the visitor, by ISO 3166-2. Needs a token. @see [Matomo: `region`](https://developer.matomo.org/api-reference/tracking-api) */
  region?: string | undefined;
  /** City of the visitor. Needs a token. @see [Matomo: `city`](https://developer.matomo.org/api-reference/tracking-api) */
  city?: string | undefined;
  /** Latitude of the visitor. Needs a token. @see [Matomo: `lat`](https://developer.matomo.org/api-reference/tracking-api) */
  lat?: number | undefined;
  /** Longitude of the visitor. Needs a token. @see [Matomo: `long`](https://developer.matomo.org/api-reference/tracking-api) */
  long?: number | undefined;
  /** Extends the visit without an action. @see [Matomo: `ping`](https://developer.matomo.org/api-reference/tracking-api) */
  ping?: boolean | 0 | 1 | undefined;
  /** Tracks bots too. @see [Matomo: `bots`](https://developer.matomo.org/api-reference/tracking-api) */
  bots?: boolean | 0 | 1 | undefined;
  /** Duration, in milliseconds. Matomo ignores it. @see [Matomo: `gt_ms`](https://developer.matomo.org/api-reference/tracking-api) */
  gt_ms?: number | undefined;
  /** Referrer of a conversion. @see [Matomo: `_ref`](https://developer.matomo.org/api-reference/tracking-api) */
  _ref?: string | undefined;
  /** Time at which the referrer of a conversion was seen, in epoch seconds. @see [Matomo: `_refts`](https://developer.matomo.org/api-reference/tracking-api) */
  _refts?: number | undefined;
  /** Status of the response. Stored for AI chatbots. @see [Matomo: `http_status`](https://developer.matomo.org/api-reference/tracking-api) */
  http_status?: number | undefined;
  /** Size of the response, in bytes. Stored for AI chatbots. @see [Matomo: `bw_bytes`](https://developer.matomo.org/api-reference/tracking-api) */
  bw_bytes?: number | undefined;
  /** Integration that sends the hit. Stored for AI chatbots. @see [Matomo: `source`](https://developer.matomo.org/api-reference/tracking-api) */
  source?: string | undefined;
  /** Custom variables by name. @see [Matomo: custom variables](https://developer.matomo.org/api-reference/tracking-api) */
  cvar?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  /** Custom dimensions, `dimension1` to `dimension999`. @see [Matomo: `dimension[0-999]`](https://developer.matomo.org/api-reference/tracking-api) */
  [dimension: `dimension${number}`]: string | number | boolean | undefined;
}
