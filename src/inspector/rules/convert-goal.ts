import type { InspectorSite } from '../inspector-options.js';
import { INVALID_CELL, toNameCell, toText } from './cell.js';
import { toConversion } from './conversion-columns.js';
import { type HitOutcome, invalid, refused, tracked } from './hit-outcome.js';
import type { Parameters } from './read-tracker-request.js';
import type { RowTransaction } from './row-memory.js';
import type { ActionContext } from './store-action.js';
import { isBroken } from './stored-text.js';
import { toInteger } from './to-number.js';
import { findInvalidVisitParameter } from './visit-columns.js';

/**
 * Judges a hit with an `idgoal`: it becomes a conversion, an order or a cart, and no action. `undefined` if the hit has no
 * `idgoal`.
 */
export function convertGoal(
  parameters: Parameters,
  { site, siteId, time, url, startsVisit }: ActionContext,
  rows: RowTransaction,
): HitOutcome | undefined {
  const goal = toInteger(parameters.idgoal);
  if (goal === undefined || goal < 0) return undefined;
  if (toInteger(parameters.ca)) return refused('ca: needs CrashAnalytics');
  if (hasUnknownGoal(parameters, site)) return invalid(UNKNOWN_GOAL);
  const order = `order/${siteId}/${toText(parameters.ec_id)}`;
  const isOrder = goal === 0 && toText(parameters.ec_id) !== '';
  if (isOrder && rows.get(order) !== undefined)
    return { ...invalid('ec_id: the order is already stored'), keepsVisit: true };
  const invalidParameter =
    findInvalidVisitParameter(parameters, { startsVisit }) ?? findInvalidItem(parameters);
  if (invalidParameter !== undefined)
    return refused(`${invalidParameter}: does not fit its column`);
  if (goal > 0 && isBroken(url.stored ?? '')) return refused('url: does not fit its column');
  if (isOrder) rows.set(order, 'stored');
  const reason = goal > 0 ? 'a conversion, not an action' : 'an order or a cart, not an action';
  const context = { siteId, time, url: url.stored };
  return { ...tracked(null, reason), conversion: toConversion(parameters, goal, context) };
}

export const UNKNOWN_GOAL = 'idgoal: the site has no such goal';

/** Whether a hit has a goal that its site does not have. Such a ping is invalid too. */
export function hasUnknownGoal({ idgoal }: Parameters, site: InspectorSite): boolean {
  const goal = toInteger(idgoal);
  return goal !== undefined && goal > 0 && !site.goals?.includes(goal);
}

/** The first item of a cart whose number or name is longer than its column. */
function findInvalidItem({ idgoal, ec_items }: Parameters): string | undefined {
  if (toInteger(idgoal) !== 0 || toText(ec_items) === '') return undefined;
  let items: unknown;
  try {
    items = JSON.parse(toText(ec_items));
  } catch {
    return undefined;
  }
  if (typeof items !== 'object' || items === null) return undefined;
  const isInvalid = Object.values(items).some(
    (item: unknown) =>
      Array.isArray(item) && item.some((cell) => toNameCell(String(cell)) === INVALID_CELL),
  );
  return isInvalid ? 'ec_items' : undefined;
}
