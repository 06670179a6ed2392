import type { ActionType } from '../inspected-hit.js';
import { isSearchGiven } from './action-type.js';
import { isStorableUrl } from './action-url.js';
import {
  type Cell,
  toAmountCell,
  toCountCell,
  toCutCell,
  toNameCell,
  toPlainNameCell,
  toPriceCell,
  toText,
  toTimingCell,
} from './cell.js';
import type { Parameters } from './read-tracker-request.js';
import { escapeHtml, trim, unescapeHtml } from './stored-text.js';
import type { TrackedUrl } from './tracked-url.js';

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
  time_network: ({ pf_net }) => toTimingCell(pf_net),
  time_server: ({ pf_srv }) => toTimingCell(pf_srv),
  time_transfer: ({ pf_tfr }) => toTimingCell(pf_tfr),
  time_dom_processing: ({ pf_dm1 }) => toTimingCell(pf_dm1),
  time_dom_completion: ({ pf_dm2 }) => toTimingCell(pf_dm2),
  time_on_load: ({ pf_onl }) => toTimingCell(pf_onl),
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
      toLineCell(isSearchGiven(search) ? escapeHtml(toText(search)) : keyword),
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
export function toActionCells(
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
  return isSearchGiven(parameters.search) ? parameters[name] : undefined;
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

/** Up to five categories of a product are sent as a JSON list, a single one as text. Text that is an invalid list has none. */
function toCategoryCell(value: Parameters[string], index: number): Cell {
  const text = unescapeHtml(toText(value));
  if (!text.startsWith('["')) return index === 0 ? toPlainNameCell(text) : undefined;
  return toNameCell(readCategories(text)[index], (category) => category);
}

/** The categories that are not empty, untrimmed; none if the text is not JSON. */
function readCategories(json: string): string[] {
  try {
    return (JSON.parse(json) as unknown[])
      .filter((category) => typeof category === 'string' || typeof category === 'number')
      .map(String)
      .filter((category) => category !== '' && category !== '0');
  } catch {
    return [];
  }
}
