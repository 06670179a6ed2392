import {
  ITEMS,
  NAME,
  type ParameterDeclaration,
  type Section,
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
const LOCAL_TIME = 'log_visit.visitor_localtime';
const text = (maxCharacters: number) => ({ kind: 'text', maxCharacters }) as const;
const bytes = (maxBytes: number) => ({ kind: 'text', maxBytes }) as const;
const upTo = (max: number) => ({ kind: 'integer', min: 0, max }) as const;
const place = (maxBytes: number) => ({ ...bytes(maxBytes), needsToken: true }) as const;
const degrees = (max: number) => ({ kind: 'number', min: -max, max, needsToken: true }) as const;

function inSection<Name extends string>(
  section: Section,
  declarations: Readonly<Record<Name, Omit<ParameterDeclaration, 'section'>>>,
): Record<Name, ParameterDeclaration> {
  const entries = Object.entries<Omit<ParameterDeclaration, 'section'>>(declarations);
  return Object.fromEntries(
    entries.map(([name, declaration]) => [name, { ...declaration, section }]),
  ) as Record<Name, ParameterDeclaration>;
}

/** Name or value of a custom variable. */
export const VARIABLE_TEXT: ValueRules = /* @__PURE__ */ text(200);

type Parameters = {
  readonly [name in SettableParameter | 'dimension*']: ParameterDeclaration;
} & { readonly [name: string]: ParameterDeclaration | undefined };

/**
 * Every tracking parameter, and who sets it. `dimension*` is every custom dimension. Limits are the columns of Matomo 5 in a strict
 * database, where one value that does not fit makes the whole bulk fail.
 */
export const PARAMETERS: Parameters = /* @__PURE__ */ declareParameters();

/** Called, so that bundlers leave the table out if nothing needs it. */
function declareParameters(): Parameters {
  return {
    ...inSection('Required', {
      idsite: { ...EVERY_HIT, ...UNSIGNED, min: 1, meaning: 'the site', column: 'idsite' },
      rec: { ...EVERY_HIT, ...FLAG, isReserved: true, meaning: '1: track this' },
    }),
    ...inSection('Recommended', {
      action_name: { ...TITLE, meaning: 'title of the page', column: 'title' },
      url: { ...EVERY_HIT, ...URL_OF_PAGE, meaning: 'full URL of the action', column: 'url' },
      _id: {
        ...EVERY_ACTION,
        kind: 'visitor-id',
        meaning: 'visitor, if neither cid nor uid is set',
        column: 'log_visit.idvisitor',
      },
      apiv: {
        ...EVERY_HIT,
        kind: 'integer',
        isReserved: true,
        meaning: 'version of the API, 1',
      },
      rand: { ...text(255), isReserved: true, meaning: 'any value, against caches' },
    }),
    ...inSection('User info', {
      urlref: {
        ...EVERY_ACTION,
        ...REFERRER,
        meaning: 'referrer',
        column: 'log_visit.referer_url',
      },
      ua: {
        ...EVERY_HIT,
        ...text(1024),
        meaning: 'User-Agent of the client; browser, system and device are read from it',
        column: 'log_visit.config_*',
      },
      uadata: {
        ...EVERY_HIT,
        ...JSON_TEXT,
        meaning: 'client hints, read beside ua',
        column: 'log_visit.config_*',
      },
      lang: {
        ...EVERY_HIT,
        ...text(255),
        meaning: 'Accept-Language of the client',
        column: 'log_visit.location_browser_lang',
      },
      uid: {
        ...EVERY_HIT,
        ...text(200),
        meaning: 'user ID; it decides which visit',
        column: 'log_visit.user_id',
      },
      cid: {
        ...EVERY_HIT,
        kind: 'visitor-id',
        meaning: 'visitor ID',
        column: 'log_visit.idvisitor',
      },
      new_visit: { ...FLAG, meaning: '1: a new visit begins' },
      res: { ...bytes(9), meaning: 'screen, as 1280x1024', column: 'log_visit.config_resolution' },
      h: { ...upTo(23), meaning: 'hour where the visitor is', column: LOCAL_TIME },
      m: { ...upTo(59), meaning: 'minute where the visitor is', column: LOCAL_TIME },
      s: { ...upTo(59), meaning: 'second where the visitor is', column: LOCAL_TIME },
      cookie: {
        ...FLAG,
        meaning: '1: the client takes cookies',
        column: 'log_visit.config_cookie',
      },
    }),
    ...inSection('Attribution', {
      _rcn: {
        ...text(255),
        meaning: 'campaign of a conversion',
        column: 'log_conversion.referer_name',
      },
      _rck: {
        ...text(255),
        meaning: 'campaign keyword of a conversion',
        column: 'log_conversion.referer_keyword',
      },
    }),
    ...inSection('Action info', {
      link: { decidesKind: true, ...URL_OF_PAGE, meaning: 'URL of an outlink', column: 'url' },
      download: {
        decidesKind: true,
        ...URL_OF_PAGE,
        meaning: 'URL of a downloaded file',
        column: 'url',
      },
      search: {
        decidesKind: true,
        ...TITLE,
        isZeroEmpty: true,
        meaning: 'keyword of a site search; no page view then',
        column: 'search',
      },
      search_cat: { ...bytes(200), meaning: 'category of the search', column: 'search_cat' },
      search_count: { ...UNSIGNED, meaning: 'results of the search', column: 'search_count' },
      pv_id: { ...text(6), maxBytes: 6, meaning: 'ID of the page view', column: 'idpageview' },
      idgoal: {
        decidesKind: true,
        ...UNSIGNED,
        meaning: 'goal; 0: an order or a cart',
        column: 'log_conversion.idgoal',
      },
      revenue: { ...AMOUNT, meaning: 'revenue of the goal', column: 'log_conversion.revenue' },
      cvar: {
        kind: 'variables',
        meaning: 'custom variables by slot; Matomo 5 needs a plugin for them',
        column: 'custom_var_*',
      },
      'dimension*': {
        ...text(250),
        meaning: 'custom dimension; one that the site has not set up is dropped',
        column: 'custom_dimension_*',
      },
      ca: {
        ...FLAG,
        isReserved: true,
        meaning: '1: for a plugin; rejected if no plugin uses it',
      },
    }),
    ...inSection('Page performance', {
      pf_net: { ...MILLIS, meaning: 'network time in ms', column: 'time_network' },
      pf_srv: { ...MILLIS, meaning: 'server time in ms', column: 'time_server' },
      pf_tfr: { ...MILLIS, meaning: 'transfer time in ms', column: 'time_transfer' },
      pf_dm1: { ...MILLIS, meaning: 'DOM processing in ms', column: 'time_dom_processing' },
      pf_dm2: { ...MILLIS, meaning: 'DOM completion in ms', column: 'time_dom_completion' },
      pf_onl: { ...MILLIS, meaning: 'on load in ms', column: 'time_on_load' },
    }),
    ...inSection('Events', {
      e_c: {
        decidesKind: true,
        ...NAME,
        meaning: 'category of an event; needs e_a',
        column: 'event_category',
      },
      e_a: {
        decidesKind: true,
        ...NAME,
        meaning: 'action of an event; needs e_c',
        column: 'event_action',
      },
      e_n: { ...NAME, meaning: 'name of an event', column: 'event_name' },
      e_v: { ...AMOUNT, meaning: 'value of an event', column: 'custom_float' },
    }),
    ...inSection('Content', {
      c_n: { decidesKind: true, ...NAME, meaning: 'name of the content', column: 'content_name' },
      c_p: { ...NAME, meaning: 'piece of the content', column: 'content_piece' },
      c_t: { ...NAME, meaning: 'target of the content', column: 'content_target' },
      c_i: { ...NAME, meaning: 'interaction with the content', column: 'content_interaction' },
    }),
    ...inSection('Ecommerce', {
      ec_id: {
        decidesKind: true,
        ...text(100),
        meaning: 'order',
        column: 'log_conversion.idorder',
      },
      ec_items: { ...ITEMS, meaning: 'items of the order', column: 'log_conversion_item' },
      ec_st: { ...AMOUNT, meaning: 'subtotal', column: 'log_conversion.revenue_subtotal' },
      ec_tx: { ...AMOUNT, meaning: 'tax', column: 'log_conversion.revenue_tax' },
      ec_sh: { ...AMOUNT, meaning: 'shipping', column: 'log_conversion.revenue_shipping' },
      ec_dt: { ...AMOUNT, meaning: 'discount', column: 'log_conversion.revenue_discount' },
      _pkc: { ...NAME, meaning: 'category of the viewed product', column: 'product_cat' },
      _pkp: { ...AMOUNT, meaning: 'price of the viewed product', column: 'product_price' },
      _pks: { ...NAME, meaning: 'SKU of the viewed product', column: 'product_sku' },
      _pkn: { ...NAME, meaning: 'name of the viewed product', column: 'product_name' },
    }),
    ...inSection('With authentication', {
      cip: {
        ...EVERY_HIT,
        kind: 'address',
        needsToken: true,
        meaning: 'IP address of the client',
        column: 'log_visit.location_ip',
      },
      cdt: {
        kind: 'time',
        meaning: 'time of the request; older than a day only with a token',
        column: 'server_time',
      },
      country: {
        ...EVERY_ACTION,
        ...place(2),
        meaning: 'country, two letters',
        column: 'log_visit.location_country',
      },
      region: {
        ...EVERY_ACTION,
        ...place(3),
        meaning: 'region, by ISO 3166-2',
        column: 'log_visit.location_region',
      },
      city: { ...EVERY_ACTION, ...place(255), meaning: 'city', column: 'log_visit.location_city' },
      lat: {
        ...EVERY_ACTION,
        ...degrees(90),
        meaning: 'latitude',
        column: 'log_visit.location_latitude',
      },
      long: {
        ...EVERY_ACTION,
        ...degrees(180),
        meaning: 'longitude',
        column: 'log_visit.location_longitude',
      },
    }),
    ...inSection('Other', {
      ping: { ...FLAG, meaning: '1: the visit goes on; no action' },
      bots: { ...EVERY_HIT, ...FLAG, meaning: '1: bots are tracked too' },
      send_image: { ...FLAG, isReserved: true, meaning: '0: an answer without a body' },
    }),
    cdo: { ...upTo(631_152_000), meaning: 'seconds by which cdt is too late' },
    gt_ms: { ...MILLIS, meaning: 'duration in ms; Matomo ignores it' },
    _ref: { ...REFERRER, meaning: 'referrer of a conversion' },
    _refts: { ...UNSIGNED, meaning: 'when that referrer was seen, in epoch seconds' },
    http_status: {
      ...upTo(599),
      min: 100,
      meaning: 'status of the response, read of AI bots only',
    },
    bw_bytes: { ...UNSIGNED, meaning: 'bytes of the response' },
    source: { ...text(50), meaning: 'integration that sends, read of AI bots only' },
    recMode: {
      kind: 'integer',
      isReserved: true,
      meaning: '1: for the AI chatbot reports of Matomo 5.7 and later',
    },
    ai_s: {
      ...EVERY_HIT,
      ...FLAG,
      isReserved: true,
      meaning: '1: an AI agent has signed the request',
    },
    ai_si: {
      ...EVERY_HIT,
      ...FLAG,
      isReserved: true,
      meaning: '1: the signature of an AI agent says what it covers',
    },
    ai_sa: {
      ...EVERY_HIT,
      ...text(255),
      isReserved: true,
      meaning: 'AI agent that has signed the request',
    },
    cra: {
      ...text(1024),
      isReserved: true,
      meaning: 'message of a crash, for the plugin CrashAnalytics',
    },
    cra_tp: {
      ...text(255),
      isReserved: true,
      meaning: 'class of a crash, for the plugin CrashAnalytics',
    },
    debug: { ...FLAG, isReserved: true, meaning: '1: Matomo answers with a log, if it may' },
    queuedtracking: {
      ...FLAG,
      isReserved: true,
      meaning: '0: not queued by the plugin QueuedTracking',
    },
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
export function parametersWith(
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
