import { unescapeHtml } from '../../common/unescape-html.js';
import type { ActionType, StoredAction } from '../inspected-hit.js';
import {
  type Cell,
  findMisfit,
  findVisitMisfit,
  toAmountCell,
  toCountCell,
  toCutCell,
  toNameCell,
  toPlainNameCell,
  toPriceCell,
  toText,
  toTimingCell,
} from './cell.js';
import { type HitOutcome, invalid, type JudgedHit, refused, tracked } from './judged-hit.js';
import {
  cutStoredCharacters,
  escapeHtml,
  parseJson,
  toInteger,
  toNumberText,
  trim,
} from './php-values.js';
import type { Parameters } from './read-tracker-request.js';
import { isStorableUrl, type TrackedUrl } from './tracked-url.js';
import { shareRow } from './tracker-memory.js';

/** A hit with its URL, and whether it starts a visit. */
export interface ActionHit extends JudgedHit {
  readonly url: TrackedUrl;
  readonly startsVisit: boolean;
  /** Whether the plugin CustomVariables is active. */
  readonly customVariables: boolean;
}

/** Columns of page performance by parameter. */
export const TIMINGS = {
  pf_net: 'time_network',
  pf_srv: 'time_server',
  pf_tfr: 'time_transfer',
  pf_dm1: 'time_dom_processing',
  pf_dm2: 'time_dom_completion',
  pf_onl: 'time_on_load',
} as const;
const MAX_DIMENSION_CHARACTERS = 250;

/** Builds the row of an action, or returns why the hit has none. */
export function storeAction(hit: ActionHit): HitOutcome {
  const { parameters, url, rows } = hit;
  const type = toActionType(parameters, url);
  if (type === 'blank') return invalid('e_c, e_a or c_n: blank');
  if (type === 'page' && toInteger(parameters.ca)) return refused('ca: needs CrashAnalytics');
  const visitMisfit = findVisitMisfit(hit);
  if (visitMisfit !== undefined) return refused(visitMisfit);
  const negative = Object.keys(TIMINGS).find((name) => (toInteger(parameters[name]) ?? 0) < -1);
  if (type === 'page' && negative !== undefined)
    return { ...invalid(`${negative}: below -1`), keepsVisit: true };

  const dropped: Record<string, string> = {};
  const variables = toCustomVariables(hit, dropped);
  const dimensions = toDimensions(hit, dropped);
  const cells = toActionCells(type, withOldProduct(parameters, variables), url);
  const misfit = findMisfit(cells);
  if (misfit !== undefined) return refused(misfit);
  const columns = Object.fromEntries(cells.filter(([, cell]) => cell !== undefined));
  // Matomo stores a row even without a URL and a title.
  const isBare = columns.url === undefined && columns.title === undefined;
  const stored = {
    type: isBare && /^(?:page|download|link)$/.test(type) ? 'none' : type,
    idsite: hit.siteId,
    server_time: hit.time,
    ...columns,
    ...(typeof columns.url === 'string' ? { url: shareRow(type, columns.url, rows) } : {}),
    ...dimensions,
    ...variables,
  } as StoredAction;
  const hasDropped = Object.keys(dropped).length > 0;
  return { ...tracked(stored), ...(hasDropped && { droppedParameters: dropped }) };
}

/** The columns of the active action dimensions. Adds to `dropped` why others are lost. */
function toDimensions(
  { parameters, site, siteId }: ActionHit,
  dropped: Record<string, string>,
): Record<`custom_dimension_${number}`, string> {
  const columns: Record<`custom_dimension_${number}`, string> = {};
  for (const [name, value] of Object.entries(parameters)) {
    const [, number] = /^dimension([1-9]\d*)$/.exec(name) ?? [];
    if (number === undefined || typeof value !== 'string') continue;
    const dimension = site.dimensions.find(({ id }) => String(id) === number);
    if (dimension?.isActive && dimension.scope === 'action') {
      columns[`custom_dimension_${dimension.id}`] = cutStoredCharacters(
        trim(escapeHtml(value)),
        MAX_DIMENSION_CHARACTERS,
      );
    } else if (dimension === undefined) dropped[name] = `site ${siteId} has no such dimension`;
    else dropped[name] = dimension.isActive ? `its scope is ${dimension.scope}` : 'it is inactive';
  }
  return columns;
}

/** Finds the kind of a hit's action, in Matomo's order. `blank` is an event or content with only spaces. */
function toActionType(parameters: Parameters, url: TrackedUrl): ActionType | 'blank' {
  const { download, link, e_c, e_a, c_n, search } = parameters;
  if (isTruthy(download)) return 'download';
  if (isTruthy(link)) return 'link';
  if (toText(e_c) !== '' && toText(e_a) !== '')
    return isBlank(e_c) || isBlank(e_a) ? 'blank' : 'event';
  if (isTruthy(c_n)) return isBlank(c_n) ? 'blank' : 'content';
  if (hasSearch(search) || url.keyword !== undefined) return 'search';
  return 'page';
}

/** Whether a `search` parameter counts: not blank and not `0`. */
function hasSearch(search: Parameters[string]): boolean {
  return isTruthy(trim(toText(search)));
}

function isTruthy(value: Parameters[string]): boolean {
  const text = toText(value);
  return text !== '' && text !== '0';
}

function isBlank(value: Parameters[string]): boolean {
  return trim(toText(value)) === '';
}

type ToCell = (parameters: Parameters, url: TrackedUrl) => Cell;
type Columns = Readonly<Record<string, ToCell>>;

const MAX_NAME_BYTES = 1024;
const MAX_URL_COLUMN_BYTES = 4096;
const MAX_CATEGORY_BYTES = 200;
const MAX_PAGE_VIEW_ID_BYTES = 6;

const URL_COLUMN: ToCell = (_, url) =>
  url.stored === undefined ? undefined : toCutCell(url.stored, MAX_URL_COLUMN_BYTES);

/** Columns that any action has. */
const COMMON: Columns = {
  idpageview: ({ pv_id }) => toPageViewIdCell(toText(pv_id)),
  product_sku: ({ _pks }) => toPlainNameCell(_pks),
  product_name: ({ _pkn }) => toPlainNameCell(_pkn),
  product_price: ({ _pkp }) => toPriceCell(_pkp),
  product_cat: ({ _pkc }) => toCategoryCell(_pkc, 0),
  product_cat2: ({ _pkc }) => toCategoryCell(_pkc, 1),
  product_cat3: ({ _pkc }) => toCategoryCell(_pkc, 2),
  product_cat4: ({ _pkc }) => toCategoryCell(_pkc, 3),
  product_cat5: ({ _pkc }) => toCategoryCell(_pkc, 4),
};

const PAGE: Columns = {
  ...COMMON,
  url: URL_COLUMN,
  title: ({ action_name }) => toLineCell(escapeHtml(toText(action_name))),
  ...Object.fromEntries(
    Object.entries(TIMINGS).map(([name, column]): [string, ToCell] => [
      column,
      (parameters) => toTimingCell(parameters[name]),
    ]),
  ),
};

/** The columns that each kind of action stores. Other parameters are lost, such as the title of an event. */
const BY_TYPE: Readonly<Record<ActionType, Columns>> = {
  page: PAGE,
  none: PAGE,
  event: {
    ...COMMON,
    url: URL_COLUMN,
    event_category: ({ e_c }) => toNameCell(e_c),
    event_action: ({ e_a }) => toNameCell(e_a),
    event_name: ({ e_n }) => toNameCell(e_n),
    custom_float: ({ e_v }) => toAmountCell(e_v),
  },
  search: {
    ...COMMON,
    search: ({ search }, { keyword = '' }) =>
      toLineCell(hasSearch(search) ? escapeHtml(toText(search)) : keyword),
    search_cat: (parameters) => toSearchCategoryCell(besideSearch(parameters, 'search_cat')),
    search_count: (parameters) => toCountCell(besideSearch(parameters, 'search_count')),
  },
  content: {
    ...COMMON,
    url: (parameters, url) => URL_COLUMN(parameters, withSentScheme(url)),
    content_name: ({ c_n }) => toNameCell(c_n),
    content_piece: ({ c_p }) => toNameCell(c_p),
    content_target: ({ c_t }) => toNameCell(c_t),
    content_interaction: ({ c_i }) => toNameCell(c_i),
  },
  download: { ...COMMON, url: ({ download }) => toTargetCell(toText(download)) },
  link: { ...COMMON, url: ({ link }) => toTargetCell(toText(link)) },
};

/** The cells of an action's row by column. */
function toActionCells(
  type: ActionType,
  parameters: Parameters,
  url: TrackedUrl,
): [column: string, cell: Cell][] {
  return Object.entries(BY_TYPE[type]).map(([column, toCell]) => [column, toCell(parameters, url)]);
}

/** Content is stored with its scheme as it was sent, `HTTP://` too. */
function withSentScheme(url: TrackedUrl): TrackedUrl {
  const { stored, scheme = '' } = url;
  return stored === undefined ? url : { ...url, stored: scheme + stored.slice(scheme.length) };
}

/** The first bytes, untrimmed. The column is a `CHAR`, which loses spaces at its end. */
function toPageViewIdCell(id: string): Cell {
  const cell = toCutCell(escapeHtml(id), MAX_PAGE_VIEW_ID_BYTES);
  return typeof cell === 'string' ? cell.replace(/ +$/, '') || undefined : cell;
}

/** Category and count are read only beside the `search` parameter. */
function besideSearch(parameters: Parameters, name: string): Parameters[string] {
  return hasSearch(parameters.search) ? parameters[name] : undefined;
}

/** A title or keyword: one line, cut. */
function toLineCell(text: string): Cell {
  const line = trim(text.replace(/[\r\n\0]/g, ''));
  return line === '' || line === '0' ? undefined : toCutCell(line, MAX_NAME_BYTES);
}

/** The target of a download or an outlink, as it was sent. */
function toTargetCell(url: string): Cell {
  const target = trim(escapeHtml(url));
  return isStorableUrl(target) ? toCutCell(target, MAX_NAME_BYTES) : undefined;
}

/** The category of a search; `0` counts as none. */
function toSearchCategoryCell(value: Parameters[string]): Cell {
  const category = toText(value);
  return toCutCell(category === '0' ? '' : escapeHtml(category), MAX_CATEGORY_BYTES);
}

/** Up to five categories of a product are sent as a JSON list, a single one as text. Empty ones do not count. */
function toCategoryCell(value: Parameters[string], index: number): Cell {
  const text = unescapeHtml(toText(value));
  if (!text.startsWith('["')) return index === 0 ? toPlainNameCell(text) : undefined;
  const categories = Object.values(parseJson(text))
    .filter((category) => typeof category === 'string' || typeof category === 'number')
    .map(String)
    .filter(isTruthy);
  return toNameCell(categories[index], (category) => category);
}

const VARIABLE_SLOTS = 5;
const MAX_VARIABLE_CHARACTERS = 200;

/** Names and values of custom variables by column. */
type CustomVariableColumns = Record<`custom_var_${'k' | 'v'}${number}`, string>;

/** The columns that `cvar` fills: `{"1":["name","value"]}`. Adds to `dropped` why others are lost. */
function toCustomVariables(
  { parameters: { cvar: json }, customVariables }: ActionHit,
  dropped: Record<string, string>,
): CustomVariableColumns {
  const columns: CustomVariableColumns = {};
  if (typeof json !== 'string' || json === '') return columns;
  if (!customVariables) {
    dropped.cvar = 'the plugin CustomVariables is not active';
    return columns;
  }
  const variables = Object.entries(parseJson(json));
  for (const [slot, pair] of variables) {
    const index = Number.parseInt(slot, 10);
    if (!(index >= 1 && index <= VARIABLE_SLOTS) || typeof pair !== 'object' || pair === null)
      continue;
    const entries = new Map(Object.entries(pair));
    const name = toVariableText(entries.get('0'));
    const value = toVariableText(entries.get('1'));
    if (entries.size !== 2 || name === undefined || value === undefined) continue;
    columns[`custom_var_k${index}`] = name;
    columns[`custom_var_v${index}`] = value;
  }
  const stored = Object.keys(columns).length / 2;
  if (stored === 0 || stored < variables.length) {
    dropped.cvar = `only ${stored} of ${variables.length} have a slot from 1 to ${VARIABLE_SLOTS}, a name and a value`;
  }
  return columns;
}

function toVariableText(value: unknown): string | undefined {
  if (value === null || value === false) return '';
  if (value === true) return '1';
  if (typeof value === 'number') return toNumberText(value);
  if (typeof value !== 'string') return undefined;
  return cutStoredCharacters(
    trim(unescapeHtml(value).replaceAll('\0', '')),
    MAX_VARIABLE_CHARACTERS,
  );
}

/** Old trackers send a product as custom variables, each in a slot of its own. */
const PRODUCT_SLOTS = [
  ['_pkp', 2],
  ['_pks', 3],
  ['_pkn', 4],
  ['_pkc', 5],
] as const;

/** Adds the product in the custom variables of a hit to its parameters. */
function withOldProduct(parameters: Parameters, variables: CustomVariableColumns): Parameters {
  const product = PRODUCT_SLOTS.filter(
    ([name, slot]) => variables[`custom_var_k${slot}`] === name && toText(parameters[name]) === '',
  ).map(([name, slot]) => [name, variables[`custom_var_v${slot}`]]);
  return product.length === 0 ? parameters : { ...parameters, ...Object.fromEntries(product) };
}
