import { PARAMETERS } from '../hit/parameters/parameter-table.js';

/** What the page shows about a tracking parameter. */
export interface ParameterExplanation {
  readonly meaning: string;
  /** Column of Matomo's database; `*` is the number of a dimension or a slot. */
  readonly column?: string | undefined;
  readonly needsToken?: true | undefined;
}

/** By name; `dimension*` is for all dimensions. The page loads them before it shows hits. */
export type ParameterExplanations = Readonly<Record<string, ParameterExplanation>>;

/** A short description and the column that stores the value, in the table of actions unless another one is named. */
const ROWS: Readonly<Record<string, readonly [meaning: string, column?: string]>> = {
  idsite: ['the site', 'idsite'],
  rec: ['1: track this'],
  action_name: ['title of the page', 'title'],
  url: ['full URL of the action', 'url'],
  _id: ['visitor, if neither cid nor uid is set', 'log_visit.idvisitor'],
  apiv: ['version of the API, 1'],
  rand: ['any value, against caches'],
  urlref: ['referrer', 'log_visit.referer_url'],
  ua: [
    'User-Agent of the client; browser, system and device are read from it',
    'log_visit.config_*',
  ],
  uadata: ['client hints, read beside ua', 'log_visit.config_*'],
  lang: ['Accept-Language of the client', 'log_visit.location_browser_lang'],
  uid: ['user ID; it decides which visit', 'log_visit.user_id'],
  cid: ['visitor ID', 'log_visit.idvisitor'],
  new_visit: ['1: a new visit begins'],
  res: ['screen, as 1280x1024', 'log_visit.config_resolution'],
  h: ['hour where the visitor is', 'log_visit.visitor_localtime'],
  m: ['minute where the visitor is', 'log_visit.visitor_localtime'],
  s: ['second where the visitor is', 'log_visit.visitor_localtime'],
  cookie: ['1: the client takes cookies', 'log_visit.config_cookie'],
  _rcn: ['campaign of a conversion', 'log_conversion.referer_name'],
  _rck: ['campaign keyword of a conversion', 'log_conversion.referer_keyword'],
  link: ['URL of an outlink', 'url'],
  download: ['URL of a downloaded file', 'url'],
  search: ['keyword of a site search; no page view then', 'search'],
  search_cat: ['category of the search', 'search_cat'],
  search_count: ['results of the search', 'search_count'],
  pv_id: ['ID of the page view', 'idpageview'],
  idgoal: ['goal; 0: an order or a cart', 'log_conversion.idgoal'],
  revenue: ['revenue of the goal', 'log_conversion.revenue'],
  cvar: ['custom variables by slot; Matomo 5 needs a plugin for them', 'custom_var_*'],
  'dimension*': [
    'custom dimension; one that the site has not set up is dropped',
    'custom_dimension_*',
  ],
  ca: ['1: for a plugin; rejected if no plugin uses it'],
  pf_net: ['network time in ms', 'time_network'],
  pf_srv: ['server time in ms', 'time_server'],
  pf_tfr: ['transfer time in ms', 'time_transfer'],
  pf_dm1: ['DOM processing in ms', 'time_dom_processing'],
  pf_dm2: ['DOM completion in ms', 'time_dom_completion'],
  pf_onl: ['on load in ms', 'time_on_load'],
  e_c: ['category of an event; needs e_a', 'event_category'],
  e_a: ['action of an event; needs e_c', 'event_action'],
  e_n: ['name of an event', 'event_name'],
  e_v: ['value of an event', 'custom_float'],
  c_n: ['name of the content', 'content_name'],
  c_p: ['piece of the content', 'content_piece'],
  c_t: ['target of the content', 'content_target'],
  c_i: ['interaction with the content', 'content_interaction'],
  ec_id: ['order', 'log_conversion.idorder'],
  ec_items: ['items of the order', 'log_conversion_item'],
  ec_st: ['subtotal', 'log_conversion.revenue_subtotal'],
  ec_tx: ['tax', 'log_conversion.revenue_tax'],
  ec_sh: ['shipping', 'log_conversion.revenue_shipping'],
  ec_dt: ['discount', 'log_conversion.revenue_discount'],
  _pkc: ['category of the viewed product', 'product_cat'],
  _pkp: ['price of the viewed product', 'product_price'],
  _pks: ['SKU of the viewed product', 'product_sku'],
  _pkn: ['name of the viewed product', 'product_name'],
  cip: ['IP address of the client', 'log_visit.location_ip'],
  cdt: ['time of the request; older than a day only with a token', 'server_time'],
  country: ['country, two letters', 'log_visit.location_country'],
  region: ['region, by ISO 3166-2', 'log_visit.location_region'],
  city: ['city', 'log_visit.location_city'],
  lat: ['latitude', 'log_visit.location_latitude'],
  long: ['longitude', 'log_visit.location_longitude'],
  ping: ['1: the visit goes on; no action'],
  bots: ['1: bots are tracked too'],
  send_image: ['0: an answer without a body'],
  cdo: ['seconds by which cdt is too late'],
  gt_ms: ['duration in ms; Matomo ignores it'],
  _ref: ['referrer of a conversion'],
  _refts: ['when that referrer was seen, in epoch seconds'],
  http_status: ['status of the response, read of AI bots only'],
  bw_bytes: ['bytes of the response'],
  source: ['integration that sends, read of AI bots only'],
  recMode: ['1: for the AI chatbot reports of Matomo 5.7 and later'],
  ai_s: ['1: an AI agent has signed the request'],
  ai_si: ['1: the signature of an AI agent says what it covers'],
  ai_sa: ['AI agent that has signed the request'],
  cra: ['message of a crash, for the plugin CrashAnalytics'],
  cra_tp: ['class of a crash, for the plugin CrashAnalytics'],
  debug: ['1: Matomo answers with a log, if it may'],
  queuedtracking: ['0: not queued by the plugin QueuedTracking'],
};

export function explainParameters(): ParameterExplanations {
  const explained = Object.entries(ROWS).map(([name, [meaning, column]]) => {
    return [name, { meaning, column, needsToken: PARAMETERS[name]?.needsToken }] as const;
  });
  return Object.fromEntries(explained);
}
