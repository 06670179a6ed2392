import type { StoredAction } from '../inspected-hit.js';
import type { InspectorSite } from '../inspector-options.js';
import { toActionCells } from './action-columns.js';
import { toActionType } from './action-type.js';
import { INVALID_CELL } from './cell.js';
import { toCustomVariableColumns } from './custom-variable-columns.js';
import { type HitOutcome, invalid, refused, tracked } from './hit-outcome.js';
import { withOldProduct } from './old-product-variables.js';
import type { Parameters } from './read-tracker-request.js';
import type { RowTransaction } from './row-memory.js';
import { shareRow } from './share-row.js';
import { cutStoredCharacters, escapeHtml, trim } from './stored-text.js';
import { toInteger } from './to-number.js';
import type { TrackedUrl } from './tracked-url.js';
import { findInvalidVisitParameter } from './visit-columns.js';

/** The site, the time and the URL of a hit, and whether it starts a visit. */
export interface ActionContext {
  readonly site: InspectorSite;
  readonly siteId: number;
  /** Epoch seconds. */
  readonly time: number;
  readonly url: TrackedUrl;
  readonly startsVisit: boolean;
}

const TIMINGS = ['pf_net', 'pf_srv', 'pf_tfr', 'pf_dm1', 'pf_dm2', 'pf_onl'];
const MAX_DIMENSION_CHARACTERS = 250;

/** Builds the row of an action, or returns why the hit has none. */
export function storeAction(
  parameters: Parameters,
  context: ActionContext,
  rows: RowTransaction,
): HitOutcome {
  const type = toActionType(parameters, context.url);
  if (type === 'blank') return invalid('e_c, e_a or c_n: blank');
  if (type === 'page' && toInteger(parameters.ca)) return refused('ca: needs CrashAnalytics');
  const invalidParameter = findInvalidVisitParameter(parameters, context);
  if (invalidParameter !== undefined)
    return refused(`${invalidParameter}: does not fit its column`);
  const negative = TIMINGS.find((name) => (toInteger(parameters[name]) ?? 0) < -1);
  if (type === 'page' && negative !== undefined)
    return { ...invalid(`${negative}: below -1`), keepsVisit: true };

  const variables = toCustomVariableColumns(parameters.cvar);
  const cells = toActionCells(type, withOldProduct(parameters, variables), context.url);
  const invalidCell = cells.find(([, cell]) => cell === INVALID_CELL);
  if (invalidCell !== undefined) return refused(`${invalidCell[0]}: does not fit its column`);
  const columns = Object.fromEntries(cells.filter(([, cell]) => cell !== undefined));
  // Matomo stores a row even without a URL and a title.
  const isBare = columns.url === undefined && columns.title === undefined;
  return tracked({
    type: isBare && /^(?:page|download|link)$/.test(type) ? 'none' : type,
    idsite: context.siteId,
    server_time: context.time,
    ...columns,
    ...(typeof columns.url === 'string' ? { url: shareRow(type, columns.url, rows) } : {}),
    ...toDimensions(parameters, context.site),
    ...variables,
  } as StoredAction);
}

function toDimensions(
  parameters: Parameters,
  site: InspectorSite,
): Record<`custom_dimension_${number}`, string> {
  const columns: Record<`custom_dimension_${number}`, string> = {};
  for (const id of site.dimensions ?? []) {
    const value = parameters[`dimension${id}`];
    if (typeof value !== 'string') continue;
    columns[`custom_dimension_${id}`] = cutStoredCharacters(
      trim(escapeHtml(value)),
      MAX_DIMENSION_CHARACTERS,
    );
  }
  return columns;
}
