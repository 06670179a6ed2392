/** Timings of a page view, in the words of Matomo's page performance reports. */
export const PERF_KEYS = ['pf_net', 'pf_srv', 'pf_tfr', 'pf_dm1', 'pf_dm2', 'pf_onl'] as const;

/**
 * A timing of a page view: `pf_net` network, `pf_srv` server, `pf_tfr` transfer, `pf_dm1` DOM processing, `pf_dm2` DOM completion,
 * `pf_onl` on load. A server can use the last five for its own steps.
 */
export type PerfKey = (typeof PERF_KEYS)[number];

export function isPerfKey(value: unknown): value is PerfKey {
  return PERF_KEYS.includes(value as PerfKey);
}

/** Names of tracking parameters that an application can set. */
export type KnownParameter =
  | PerfKey
  | 'idsite'
  | 'action_name'
  | 'url'
  | 'urlref'
  | 'ua'
  | 'uadata'
  | 'lang'
  | 'uid'
  | 'cid'
  | '_id'
  | 'new_visit'
  | 'pv_id'
  | 'cip'
  | 'cdt'
  | 'cdo'
  | 'gt_ms'
  | 'e_c'
  | 'e_a'
  | 'e_n'
  | 'e_v'
  | 'search'
  | 'search_cat'
  | 'search_count'
  | 'download'
  | 'link'
  | 'c_n'
  | 'c_p'
  | 'c_t'
  | 'c_i'
  | 'idgoal'
  | 'revenue'
  | 'ec_id'
  | 'ec_items'
  | 'ec_st'
  | 'ec_tx'
  | 'ec_sh'
  | 'ec_dt'
  | '_pkc'
  | '_pkp'
  | '_pks'
  | '_pkn'
  | '_rcn'
  | '_rck'
  | '_ref'
  | '_refts'
  | 'country'
  | 'region'
  | 'city'
  | 'lat'
  | 'long'
  | 'res'
  | 'h'
  | 'm'
  | 's'
  | 'cookie'
  | 'ping'
  | 'bots'
  | 'http_status'
  | 'bw_bytes'
  | 'source';

/**
 * Tracking parameters for one request, by Matomo's names. `cvar` contains custom variables by name, which are added to the existing
 * ones. All others replace the value of the hit.
 */
export type TrackingParameters = { [name in KnownParameter]?: string | number | boolean } & {
  cvar?: Record<string, string | number | boolean>;
} & { [dimension: `dimension${number}`]: string | number };
