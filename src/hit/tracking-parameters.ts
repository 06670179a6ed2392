/** What a value has to be so that Matomo stores it and no database refuses it. */
export interface ParameterDeclaration {
  readonly kind:
    | 'text'
    | 'url'
    | 'integer'
    | 'number'
    | 'flag'
    | 'json'
    | 'visitor-id'
    | 'address'
    | 'time';
  /** Text: longest that its column takes. Bytes are counted after HTML escaping, as Matomo cuts. */
  readonly maxBytes?: number;
  readonly maxCharacters?: number;
  /** Numbers: outside of this range the parameter is left out. */
  readonly min?: number;
  readonly max?: number;
  /** Integers: a fraction is rounded, where Matomo would ignore it. Else it is left out. */
  readonly rounded?: true;
  /** Matomo refuses the whole hit where this comes without the token of a user who may write. */
  readonly needsToken?: true;
}

const TITLE = { kind: 'text', maxBytes: 1024 } as const;
const URL_OF_PAGE = { kind: 'url', maxBytes: 1024 } as const;
const NAME = { kind: 'text', maxCharacters: 4096 } as const;
const MILLIS = { kind: 'integer', min: 0, max: 16_777_215, rounded: true } as const;
const AMOUNT = { kind: 'number', min: -1e15, max: 1e15 } as const;
const FLAG = { kind: 'flag' } as const;
const JSON_TEXT = { kind: 'json', maxCharacters: 16_384 } as const;

/**
 * Every tracking parameter that an application may set, once.
 *
 * Meaning: https://developer.matomo.org/api-reference/tracking-api. Limits: the columns of Matomo 5
 * in a strict database, where one value that does not fit loses the whole bulk.
 * Custom dimensions are `dimension1` … `dimension999`, see {@link declarationOf}.
 */
export const TRACKING_PARAMETERS: { readonly [name in KnownParameter]: ParameterDeclaration } = {
  idsite: { kind: 'integer', min: 1, max: 4_294_967_295 },
  action_name: TITLE,
  url: URL_OF_PAGE,
  urlref: TITLE,
  ua: { kind: 'text', maxCharacters: 1024 },
  uadata: JSON_TEXT,
  lang: { kind: 'text', maxCharacters: 255 },
  uid: { kind: 'text', maxCharacters: 200 },
  cid: { kind: 'visitor-id' },
  _id: { kind: 'visitor-id' },
  new_visit: FLAG,
  pv_id: { kind: 'text', maxCharacters: 6, maxBytes: 6 },
  cip: { kind: 'address', needsToken: true },
  cdt: { kind: 'time' },
  cdo: { kind: 'integer', min: 0, max: 631_152_000 },
  gt_ms: MILLIS,
  pf_net: MILLIS,
  pf_srv: MILLIS,
  pf_tfr: MILLIS,
  pf_dm1: MILLIS,
  pf_dm2: MILLIS,
  pf_onl: MILLIS,
  e_c: NAME,
  e_a: NAME,
  e_n: NAME,
  e_v: AMOUNT,
  search: TITLE,
  search_cat: { kind: 'text', maxBytes: 200 },
  search_count: { kind: 'integer', min: 0, max: 4_294_967_295 },
  download: URL_OF_PAGE,
  link: URL_OF_PAGE,
  c_n: NAME,
  c_p: NAME,
  c_t: NAME,
  c_i: NAME,
  idgoal: { kind: 'integer', min: 0, max: 4_294_967_295 },
  revenue: AMOUNT,
  ec_id: { kind: 'text', maxCharacters: 100 },
  ec_items: JSON_TEXT,
  ec_st: AMOUNT,
  ec_tx: AMOUNT,
  ec_sh: AMOUNT,
  ec_dt: AMOUNT,
  _pkc: NAME,
  _pkp: AMOUNT,
  _pks: NAME,
  _pkn: NAME,
  _rcn: { kind: 'text', maxCharacters: 255 },
  _rck: { kind: 'text', maxCharacters: 255 },
  _ref: TITLE,
  _refts: { kind: 'integer', min: 0, max: 4_294_967_295 },
  country: { kind: 'text', maxBytes: 2, needsToken: true },
  region: { kind: 'text', maxBytes: 3, needsToken: true },
  city: { kind: 'text', maxBytes: 255, needsToken: true },
  lat: { kind: 'number', min: -90, max: 90, needsToken: true },
  long: { kind: 'number', min: -180, max: 180, needsToken: true },
  res: { kind: 'text', maxBytes: 9 },
  h: { kind: 'integer', min: 0, max: 23 },
  m: { kind: 'integer', min: 0, max: 59 },
  s: { kind: 'integer', min: 0, max: 59 },
  cookie: FLAG,
  ping: FLAG,
  bots: FLAG,
  http_status: { kind: 'integer', min: 100, max: 599 },
  bw_bytes: { kind: 'integer', min: 0, max: 4_294_967_295 },
  source: { kind: 'text', maxCharacters: 50 },
};

/** `dimensionN`: 250 characters, counted after HTML escaping. */
const CUSTOM_DIMENSION: ParameterDeclaration = { kind: 'text', maxCharacters: 250 };

/** Name or value of a custom variable. */
export const CUSTOM_VARIABLE: ParameterDeclaration = { kind: 'text', maxCharacters: 200 };

const DIMENSION_NAME = /^dimension[1-9]\d{0,2}$/;

/** The declaration of a parameter, `undefined` for a name that Matomo does not know or we do not let through. */
export function declarationOf(name: string): ParameterDeclaration | undefined {
  if (Object.hasOwn(TRACKING_PARAMETERS, name)) return TRACKING_PARAMETERS[name as KnownParameter];
  return DIMENSION_NAME.test(name) ? CUSTOM_DIMENSION : undefined;
}

/** Parts of a page view's time, in the words of Matomo's page performance reports. */
export const PERF_KEYS = ['pf_net', 'pf_srv', 'pf_tfr', 'pf_dm1', 'pf_dm2', 'pf_onl'] as const;

/**
 * What a timing counts as: `pf_net` network, `pf_srv` server, `pf_tfr` transfer, `pf_dm1` DOM processing,
 * `pf_dm2` DOM completion, `pf_onl` on load. A server uses the last five for steps of its own.
 */
export type PerfKey = (typeof PERF_KEYS)[number];

export function isPerfKey(value: unknown): value is PerfKey {
  return PERF_KEYS.includes(value as PerfKey);
}

/** Name of a tracking parameter that an application may set. */
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
 * Tracking parameters for one request, by Matomo's own names. `cvar` holds custom variables by name and is
 * added to; everything else replaces what the hit had.
 */
export type TrackingParameters = { [name in KnownParameter]?: string | number | boolean } & {
  cvar?: Record<string, string | number | boolean>;
} & { [dimension: `dimension${number}`]: string | number };
