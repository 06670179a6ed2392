import {
  ADDRESS,
  ITEMS,
  NAME,
  USER_AGENT,
  type ValueRules,
  type ValueTypes,
} from './parameter-values.js';

/** A tracking parameter of Matomo. */
interface ParameterDeclaration extends ValueRules {
  /** Without the token of a user with write access, Matomo rejects the whole hit. */
  readonly needsToken?: true;
  /** Whether all hits of a request have the same value. */
  readonly isShared?: true;
  /** Whether the parameter makes the hit something else than a page view, such as an event. */
  readonly decidesKind?: true;
  /** Whether the type of a text value also allows numbers. */
  readonly orNumber?: true;
}

const EVERY_HIT = { isShared: true } as const;
const TITLE = { kind: 'text', maxBytes: 1024 } as const;
const URL_OF_PAGE = { kind: 'url', maxBytes: 1024 } as const;
const REFERRER = { kind: 'referrer', maxBytes: 1024 } as const;
const MILLIS = { kind: 'integer', min: 0, max: 16_777_215, rounded: true } as const;
const UNSIGNED = { kind: 'integer', min: 0, max: 4_294_967_295 } as const;
const AMOUNT = { kind: 'number', min: -1e15, max: 1e15 } as const;
const FLAG = { kind: 'flag' } as const;
const HINTS = { kind: 'hints', maxCharacters: 16_384 } as const;
const text = (maxCharacters: number) => ({ kind: 'text', maxCharacters }) as const;
const bytes = (maxBytes: number) => ({ kind: 'text', maxBytes }) as const;
const upTo = (max: number) => ({ kind: 'integer', min: 0, max }) as const;
const place = (maxBytes: number) => ({ ...bytes(maxBytes), needsToken: true }) as const;
const degrees = (max: number) => ({ kind: 'number', min: -max, max, needsToken: true }) as const;
const OR_NUMBER = { orNumber: true } as const;

/**
 * All tracking parameters that applications can set, except dimensions, by the headings of Matomo's reference. Limits are those of Matomo 5's
 * columns: in strict mode, one value that does not fit makes the whole bulk fail. The comments become those of `TrackingParameters`. The table
 * is in a function, so that bundlers can remove it if it is unused.
 */
function settableParameters() {
  return {
    // Required
    /** ID of the site. @see [Matomo: `idsite`](https://developer.matomo.org/api-reference/tracking-api) */
    idsite: { ...EVERY_HIT, ...UNSIGNED, min: 1 },
    // Recommended
    /** Title of the page. @see [Matomo: `action_name`](https://developer.matomo.org/api-reference/tracking-api) */
    action_name: TITLE,
    /** Full URL of the page or action. @see [Matomo: `url`](https://developer.matomo.org/api-reference/tracking-api) */
    url: { ...EVERY_HIT, ...URL_OF_PAGE },
    /**
     * Visitor ID of 16 hexadecimal digits, used if neither `cid` nor `uid` is set.
     * @see [Matomo: `_id`](https://developer.matomo.org/api-reference/tracking-api)
     */
    _id: { ...EVERY_HIT, kind: 'visitor-id' },
    // User info
    /** URL of the referrer. @see [Matomo: `urlref`](https://developer.matomo.org/api-reference/tracking-api) */
    urlref: { ...EVERY_HIT, ...REFERRER },
    /** User-Agent of the client. @see [Matomo: `ua`](https://developer.matomo.org/api-reference/tracking-api) */
    ua: { ...EVERY_HIT, ...USER_AGENT },
    /** Client hints of the client, as JSON. @see [Matomo: `uadata`](https://developer.matomo.org/api-reference/tracking-api) */
    uadata: { ...EVERY_HIT, ...HINTS },
    /** Accept-Language of the client. @see [Matomo: `lang`](https://developer.matomo.org/api-reference/tracking-api) */
    lang: { ...EVERY_HIT, ...text(255) },
    /** User ID. @see [Matomo: `uid`](https://developer.matomo.org/api-reference/tracking-api) */
    uid: { ...EVERY_HIT, kind: 'user-id', maxCharacters: 200 },
    /**
     * Visitor ID of 16 hexadecimal digits. A UUID or a client ID of Google Analytics is converted to one.
     * @see [Matomo: `cid`](https://developer.matomo.org/api-reference/tracking-api)
     */
    cid: { ...EVERY_HIT, kind: 'visitor-id' },
    /** Starts a new visit. @see [Matomo: `new_visit`](https://developer.matomo.org/api-reference/tracking-api) */
    new_visit: FLAG,
    /** Resolution of the screen, such as `1280x1024`. @see [Matomo: `res`](https://developer.matomo.org/api-reference/tracking-api) */
    res: bytes(9),
    /** Local time of the visitor: hour. @see [Matomo: `h`](https://developer.matomo.org/api-reference/tracking-api) */
    h: upTo(23),
    /** Local time of the visitor: minute. @see [Matomo: `m`](https://developer.matomo.org/api-reference/tracking-api) */
    m: upTo(59),
    /** Local time of the visitor: second. @see [Matomo: `s`](https://developer.matomo.org/api-reference/tracking-api) */
    s: upTo(59),
    /** Whether the client accepts cookies. @see [Matomo: `cookie`](https://developer.matomo.org/api-reference/tracking-api) */
    cookie: FLAG,
    // Attribution
    /** Campaign of a conversion. @see [Matomo: `_rcn`](https://developer.matomo.org/api-reference/tracking-api) */
    _rcn: text(255),
    /** Campaign keyword of a conversion. @see [Matomo: `_rck`](https://developer.matomo.org/api-reference/tracking-api) */
    _rck: text(255),
    // Action info
    /** URL of an outlink. Makes the hit an outlink. @see [Matomo: `link`](https://developer.matomo.org/api-reference/tracking-api) */
    link: { decidesKind: true, ...URL_OF_PAGE },
    /** URL of a file. Makes the hit a download. @see [Matomo: `download`](https://developer.matomo.org/api-reference/tracking-api) */
    download: { decidesKind: true, ...URL_OF_PAGE },
    /** Keyword of a site search. Makes the hit a site search. @see [Matomo: `search`](https://developer.matomo.org/api-reference/tracking-api) */
    search: { decidesKind: true, ...TITLE, isZeroEmpty: true },
    /** Category of a site search. @see [Matomo: `search_cat`](https://developer.matomo.org/api-reference/tracking-api) */
    search_cat: bytes(200),
    /** Number of results of a site search. @see [Matomo: `search_count`](https://developer.matomo.org/api-reference/tracking-api) */
    search_count: UNSIGNED,
    /** ID of the page view, 6 characters. @see [Matomo: `pv_id`](https://developer.matomo.org/api-reference/tracking-api) */
    pv_id: { ...text(6), maxBytes: 6, isThreeBytes: true },
    /** ID of a goal. Makes the hit a conversion; 0 is an order or a cart. @see [Matomo: `idgoal`](https://developer.matomo.org/api-reference/tracking-api) */
    idgoal: { decidesKind: true, ...UNSIGNED },
    /** Revenue of a conversion or an order. @see [Matomo: `revenue`](https://developer.matomo.org/api-reference/tracking-api) */
    revenue: AMOUNT,
    /** Custom variables by name. @see [Matomo: custom variables](https://developer.matomo.org/api-reference/tracking-api) */
    cvar: { kind: 'variables' },
    // Page performance
    /** Network time, in milliseconds. @see [Matomo: `pf_net`](https://developer.matomo.org/api-reference/tracking-api) */
    pf_net: MILLIS,
    /** Server time, in milliseconds. @see [Matomo: `pf_srv`](https://developer.matomo.org/api-reference/tracking-api) */
    pf_srv: MILLIS,
    /** Transfer time, in milliseconds. @see [Matomo: `pf_tfr`](https://developer.matomo.org/api-reference/tracking-api) */
    pf_tfr: MILLIS,
    /** DOM processing time, in milliseconds. @see [Matomo: `pf_dm1`](https://developer.matomo.org/api-reference/tracking-api) */
    pf_dm1: MILLIS,
    /** DOM completion time, in milliseconds. @see [Matomo: `pf_dm2`](https://developer.matomo.org/api-reference/tracking-api) */
    pf_dm2: MILLIS,
    /** On load time, in milliseconds. @see [Matomo: `pf_onl`](https://developer.matomo.org/api-reference/tracking-api) */
    pf_onl: MILLIS,
    // Events
    /** Category of an event. Makes the hit an event; needs `e_a`. @see [Matomo: `e_c`](https://developer.matomo.org/api-reference/tracking-api) */
    e_c: { decidesKind: true, ...NAME },
    /** Action of an event. Makes the hit an event; needs `e_c`. @see [Matomo: `e_a`](https://developer.matomo.org/api-reference/tracking-api) */
    e_a: { decidesKind: true, ...NAME },
    /** Name of an event. @see [Matomo: `e_n`](https://developer.matomo.org/api-reference/tracking-api) */
    e_n: NAME,
    /** Value of an event. @see [Matomo: `e_v`](https://developer.matomo.org/api-reference/tracking-api) */
    e_v: AMOUNT,
    // Content
    /** Name of content. Makes the hit a content impression. @see [Matomo: `c_n`](https://developer.matomo.org/api-reference/tracking-api) */
    c_n: { decidesKind: true, ...NAME },
    /** Piece of content, such as the path of an image. @see [Matomo: `c_p`](https://developer.matomo.org/api-reference/tracking-api) */
    c_p: NAME,
    /** Target of content, such as the URL of a link. @see [Matomo: `c_t`](https://developer.matomo.org/api-reference/tracking-api) */
    c_t: NAME,
    /** Interaction with content, such as `click`. @see [Matomo: `c_i`](https://developer.matomo.org/api-reference/tracking-api) */
    c_i: NAME,
    // Ecommerce
    /** ID of an order. @see [Matomo: `ec_id`](https://developer.matomo.org/api-reference/tracking-api) */
    ec_id: { decidesKind: true, ...text(100), ...OR_NUMBER },
    /** Items of an order, as JSON. `trackOrder` makes it. @see [Matomo: `ec_items`](https://developer.matomo.org/api-reference/tracking-api) */
    ec_items: ITEMS,
    /** Subtotal of an order. @see [Matomo: `ec_st`](https://developer.matomo.org/api-reference/tracking-api) */
    ec_st: AMOUNT,
    /** Tax of an order. @see [Matomo: `ec_tx`](https://developer.matomo.org/api-reference/tracking-api) */
    ec_tx: AMOUNT,
    /** Shipping costs of an order. @see [Matomo: `ec_sh`](https://developer.matomo.org/api-reference/tracking-api) */
    ec_sh: AMOUNT,
    /** Discount of an order. @see [Matomo: `ec_dt`](https://developer.matomo.org/api-reference/tracking-api) */
    ec_dt: AMOUNT,
    /** Category of the viewed product. @see [Matomo: `_pkc`](https://developer.matomo.org/api-reference/tracking-api) */
    _pkc: NAME,
    /** Price of the viewed product. @see [Matomo: `_pkp`](https://developer.matomo.org/api-reference/tracking-api) */
    _pkp: AMOUNT,
    /** SKU of the viewed product. @see [Matomo: `_pks`](https://developer.matomo.org/api-reference/tracking-api) */
    _pks: { ...NAME, ...OR_NUMBER },
    /** Name of the viewed product. @see [Matomo: `_pkn`](https://developer.matomo.org/api-reference/tracking-api) */
    _pkn: NAME,
    // With authentication
    /** IP address of the client. Needs a token. @see [Matomo: `cip`](https://developer.matomo.org/api-reference/tracking-api) */
    cip: { ...EVERY_HIT, ...ADDRESS, needsToken: true },
    /** Time of the hit: epoch seconds or milliseconds, a `Date`, or text such as `2026-11-20 10:00:00` (UTC). Older than a day: needs a token. @see [Matomo: `cdt`](https://developer.matomo.org/api-reference/tracking-api) */
    cdt: { kind: 'time' },
    /** Country of the visitor, two letters. Needs a token. @see [Matomo: `country`](https://developer.matomo.org/api-reference/tracking-api) */
    country: { ...EVERY_HIT, ...place(2) },
    /** Region of the visitor, by ISO 3166-2. Needs a token. @see [Matomo: `region`](https://developer.matomo.org/api-reference/tracking-api) */
    region: { ...EVERY_HIT, ...place(3) },
    /** City of the visitor. Needs a token. @see [Matomo: `city`](https://developer.matomo.org/api-reference/tracking-api) */
    city: { ...EVERY_HIT, ...place(255) },
    /** Latitude of the visitor. Needs a token. @see [Matomo: `lat`](https://developer.matomo.org/api-reference/tracking-api) */
    lat: { ...EVERY_HIT, ...degrees(90) },
    /** Longitude of the visitor. Needs a token. @see [Matomo: `long`](https://developer.matomo.org/api-reference/tracking-api) */
    long: { ...EVERY_HIT, ...degrees(180) },
    // Other
    /** Extends the visit without an action. @see [Matomo: `ping`](https://developer.matomo.org/api-reference/tracking-api) */
    ping: FLAG,
    /** Tracks bots too. @see [Matomo: `bots`](https://developer.matomo.org/api-reference/tracking-api) */
    bots: { ...EVERY_HIT, ...FLAG },
    // In the source code of Matomo only
    /** Seconds to subtract from `cdt`. @see [Matomo: `cdo`](https://developer.matomo.org/api-reference/tracking-api) */
    cdo: upTo(631_152_000),
    /** Duration, in milliseconds. Matomo ignores it. @see [Matomo: `gt_ms`](https://developer.matomo.org/api-reference/tracking-api) */
    gt_ms: MILLIS,
    /** Referrer of a conversion. @see [Matomo: `_ref`](https://developer.matomo.org/api-reference/tracking-api) */
    _ref: REFERRER,
    /** Time at which the referrer of a conversion was seen, in epoch seconds. @see [Matomo: `_refts`](https://developer.matomo.org/api-reference/tracking-api) */
    _refts: UNSIGNED,
    /** Status of the response. Stored for AI chatbots. @see [Matomo: `http_status`](https://developer.matomo.org/api-reference/tracking-api) */
    http_status: { ...upTo(599), min: 100 },
    /** Size of the response, in bytes. Stored for AI chatbots. @see [Matomo: `bw_bytes`](https://developer.matomo.org/api-reference/tracking-api) */
    bw_bytes: UNSIGNED,
    /** Integration that sends the hit. Stored for AI chatbots. @see [Matomo: `source`](https://developer.matomo.org/api-reference/tracking-api) */
    source: text(50),
  } as const satisfies Declarations;
}

type Declarations = Readonly<Record<string, ParameterDeclaration>>;
type Settable = ReturnType<typeof settableParameters>;

/** Every parameter that an application can set, except for dimensions. */
export type SettableParameter = keyof Settable;

/** The types of the values of all settable parameters. */
export type SettableValues = {
  -readonly [Name in SettableParameter]?: ValueOf<Settable[Name]> | undefined;
};

type ValueOf<Declared extends ParameterDeclaration> = Declared extends { orNumber: true }
  ? string | number | bigint
  : ValueTypes[Declared['kind']];

export const PARAMETERS: Settable & Declarations = /* @__PURE__ */ settableParameters();

/** Parameters that only the package sets. */
export const RESERVED: ReadonlySet<string> = /* @__PURE__ */ new Set(
  'rec apiv rand ca send_image recMode ai_s ai_si ai_sa debug queuedtracking'.split(' '),
);

const DIMENSION: ParameterDeclaration = { kind: 'text', maxCharacters: 250 };
const DIMENSION_NAME = /^dimension[1-9]\d{0,2}$/;

/** The declaration of a parameter that applications can set; `undefined` if Matomo does not know the parameter, or only the package sets it. */
export function declarationOf(name: string): ParameterDeclaration | undefined {
  if (Object.hasOwn(PARAMETERS, name)) return PARAMETERS[name];
  return DIMENSION_NAME.test(name) ? DIMENSION : undefined;
}

function parametersWith(
  matches: (declaration: ParameterDeclaration) => boolean,
): ReadonlySet<string> {
  return new Set(
    Object.keys(PARAMETERS).filter((name) => matches(PARAMETERS[name] as ParameterDeclaration)),
  );
}

/** Parameters that all hits of a request have. */
export const SHARED: ReadonlySet<string> = /* @__PURE__ */ parametersWith(
  ({ isShared }) => isShared === true,
);

/** Parameters that make a hit something else than a page view, such as an event or a conversion. */
export const DECIDING_KIND: ReadonlySet<string> = /* @__PURE__ */ parametersWith(
  ({ decidesKind }) => decidesKind === true,
);
