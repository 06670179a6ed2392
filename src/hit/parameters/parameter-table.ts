import {
  ITEMS,
  NAME,
  type ParameterDeclaration,
  type ValueRules,
} from './parameter-declaration.js';
import type { TrackingParameters } from './tracking-parameters.js';

/** Every parameter that an application can set, except for dimensions. */
export type SettableParameter = keyof {
  [name in keyof TrackingParameters as `dimension${number}` extends name ? never : name]: true;
};

const EVERY_HIT = { sharedBy: 'all' } as const;
const EVERY_ACTION = { sharedBy: 'actions' } as const;
const TITLE = { kind: 'text', maxBytes: 1024 } as const;
const URL_OF_PAGE = { kind: 'url', maxBytes: 1024 } as const;
const REFERRER = { kind: 'referrer', maxBytes: 1024 } as const;
const MILLIS = { kind: 'integer', min: 0, max: 16_777_215, rounded: true } as const;
const UNSIGNED = { kind: 'integer', min: 0, max: 4_294_967_295 } as const;
const AMOUNT = { kind: 'number', min: -1e15, max: 1e15 } as const;
const FLAG = { kind: 'flag' } as const;
const JSON_TEXT = { kind: 'json', maxCharacters: 16_384 } as const;
const text = (maxCharacters: number) => ({ kind: 'text', maxCharacters }) as const;
const bytes = (maxBytes: number) => ({ kind: 'text', maxBytes }) as const;
const upTo = (max: number) => ({ kind: 'integer', min: 0, max }) as const;
const place = (maxBytes: number) => ({ ...bytes(maxBytes), needsToken: true }) as const;
const degrees = (max: number) => ({ kind: 'number', min: -max, max, needsToken: true }) as const;

/** Name or value of a custom variable. */
export const VARIABLE_TEXT: ValueRules = /* @__PURE__ */ text(200);

type Parameters = {
  readonly [name in SettableParameter | 'dimension*']: ParameterDeclaration;
} & { readonly [name: string]: ParameterDeclaration | undefined };

/**
 * Every tracking parameter, by the headings of Matomo's reference, and who sets it. `dimension*` is every custom dimension. Limits are the columns of Matomo 5 in a strict
 * database, where one value that does not fit makes the whole bulk fail.
 */
export const PARAMETERS: Parameters = /* @__PURE__ */ declareParameters();

/** Called, so that bundlers leave the table out if nothing needs it. */
function declareParameters(): Parameters {
  return {
    // Required
    idsite: { ...EVERY_HIT, ...UNSIGNED, min: 1 },
    rec: { ...EVERY_HIT, ...FLAG, isReserved: true },
    // Recommended
    action_name: TITLE,
    url: { ...EVERY_HIT, ...URL_OF_PAGE },
    _id: { ...EVERY_ACTION, kind: 'visitor-id' },
    apiv: { ...EVERY_HIT, kind: 'integer', isReserved: true },
    rand: { ...text(255), isReserved: true },
    // User info
    urlref: { ...EVERY_ACTION, ...REFERRER },
    ua: { ...EVERY_HIT, ...text(1024) },
    uadata: { ...EVERY_HIT, ...JSON_TEXT },
    lang: { ...EVERY_HIT, ...text(255) },
    uid: { ...EVERY_HIT, kind: 'user-id', maxCharacters: 200 },
    cid: { ...EVERY_HIT, kind: 'visitor-id' },
    new_visit: FLAG,
    res: bytes(9),
    h: upTo(23),
    m: upTo(59),
    s: upTo(59),
    cookie: FLAG,
    // Attribution
    _rcn: text(255),
    _rck: text(255),
    // Action info
    link: { decidesKind: true, ...URL_OF_PAGE },
    download: { decidesKind: true, ...URL_OF_PAGE },
    search: { decidesKind: true, ...TITLE, isZeroEmpty: true },
    search_cat: bytes(200),
    search_count: UNSIGNED,
    pv_id: { ...text(6), maxBytes: 6 },
    idgoal: { decidesKind: true, ...UNSIGNED },
    revenue: AMOUNT,
    cvar: { kind: 'variables' },
    'dimension*': text(250),
    ca: { ...FLAG, isReserved: true },
    // Page performance
    pf_net: MILLIS,
    pf_srv: MILLIS,
    pf_tfr: MILLIS,
    pf_dm1: MILLIS,
    pf_dm2: MILLIS,
    pf_onl: MILLIS,
    // Events
    e_c: { decidesKind: true, ...NAME },
    e_a: { decidesKind: true, ...NAME },
    e_n: NAME,
    e_v: AMOUNT,
    // Content
    c_n: { decidesKind: true, ...NAME },
    c_p: NAME,
    c_t: NAME,
    c_i: NAME,
    // Ecommerce
    ec_id: { decidesKind: true, ...text(100) },
    ec_items: ITEMS,
    ec_st: AMOUNT,
    ec_tx: AMOUNT,
    ec_sh: AMOUNT,
    ec_dt: AMOUNT,
    _pkc: NAME,
    _pkp: AMOUNT,
    _pks: NAME,
    _pkn: NAME,
    // With authentication
    cip: { ...EVERY_HIT, kind: 'address', needsToken: true },
    cdt: { kind: 'time' },
    country: { ...EVERY_ACTION, ...place(2) },
    region: { ...EVERY_ACTION, ...place(3) },
    city: { ...EVERY_ACTION, ...place(255) },
    lat: { ...EVERY_ACTION, ...degrees(90) },
    long: { ...EVERY_ACTION, ...degrees(180) },
    // Other
    ping: FLAG,
    bots: { ...EVERY_HIT, ...FLAG },
    send_image: { ...FLAG, isReserved: true },
    // In the source code of Matomo only
    cdo: upTo(631_152_000),
    gt_ms: MILLIS,
    _ref: REFERRER,
    _refts: UNSIGNED,
    http_status: { ...upTo(599), min: 100 },
    bw_bytes: UNSIGNED,
    source: text(50),
    recMode: { kind: 'integer', isReserved: true },
    ai_s: { ...EVERY_HIT, ...FLAG, isReserved: true },
    ai_si: { ...EVERY_HIT, ...FLAG, isReserved: true },
    ai_sa: { ...EVERY_HIT, ...text(255), isReserved: true },
    cra: { ...text(1024), isReserved: true },
    cra_tp: { ...text(255), isReserved: true },
    debug: { ...FLAG, isReserved: true },
    queuedtracking: { ...FLAG, isReserved: true },
  };
}

/** Applications can set them, and dimensions. */
export const SETTABLE: ReadonlySet<string> = /* @__PURE__ */ parametersWith(
  ({ isReserved }, name) => !isReserved && name !== 'dimension*',
);

const DIMENSION_NAME = /^dimension[1-9]\d{0,2}$/;

/** The declaration of a parameter that applications can set; `undefined` if Matomo does not know it, or only the package sets it. */
export function declarationOf(name: string): ParameterDeclaration | undefined {
  if (SETTABLE.has(name)) return PARAMETERS[name];
  return DIMENSION_NAME.test(name) ? PARAMETERS['dimension*'] : undefined;
}

/** Names of parameters that have something in common. */
function parametersWith(
  matches: (declaration: ParameterDeclaration, name: string) => boolean,
): ReadonlySet<string> {
  const rows = Object.entries(PARAMETERS) as [string, ParameterDeclaration][];
  return new Set(
    rows.filter(([name, declaration]) => matches(declaration, name)).map(([name]) => name),
  );
}

/** Only the package sets them. */
export const RESERVED: ReadonlySet<string> = /* @__PURE__ */ parametersWith(
  ({ isReserved }) => isReserved === true,
);

/** All hits of a request have them, except for crashes, which have only those of {@link OF_EVERY_HIT}. */
export const SHARED: ReadonlySet<string> = /* @__PURE__ */ parametersWith(
  ({ sharedBy }) => sharedBy !== undefined,
);

export const OF_EVERY_HIT: ReadonlySet<string> = /* @__PURE__ */ parametersWith(
  ({ sharedBy }) => sharedBy === 'all',
);

/** What makes a hit an event, a conversion, … */
export const DECIDING_KIND: ReadonlySet<string> = /* @__PURE__ */ parametersWith(
  ({ decidesKind }) => decidesKind === true,
);
