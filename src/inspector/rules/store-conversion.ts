import type { Conversion, ConversionItem } from '../inspected-hit.js';
import {
  type Cell,
  findMisfit,
  findVisitMisfit,
  INVALID_CELL,
  toNameCell,
  toText,
  withoutNull,
} from './cell.js';
import { type HitOutcome, invalid, type JudgedHit, refused, tracked } from './judged-hit.js';
import {
  cutStoredCharacters,
  escapeHtml,
  isBroken,
  type ParameterValue,
  parseJson,
  toAmount,
  toInteger,
  toNumber,
  trim,
} from './php-values.js';
import type { ActionHit } from './store-action.js';

/**
 * Judges a hit with an `idgoal`: it becomes a conversion, an order or a cart, and no action. `undefined` if the hit has no
 * `idgoal`.
 */
export function convertGoal(hit: ActionHit): HitOutcome | undefined {
  const { parameters, siteId, url, rows } = hit;
  const goal = toInteger(parameters.idgoal);
  if (goal === undefined || goal < 0) return undefined;
  if (toInteger(parameters.ca)) return refused('ca: needs CrashAnalytics');
  if (hasUnknownGoal(hit)) return invalid(UNKNOWN_GOAL);
  const order = `order/${siteId}/${toText(parameters.ec_id)}`;
  const isOrder = goal === 0 && toText(parameters.ec_id) !== '';
  if (isOrder && rows.get(order) !== undefined)
    return { ...invalid('ec_id: the order is already stored'), keepsVisit: true };
  const misfit =
    findVisitMisfit(hit) ??
    findMisfit(
      goal > 0
        ? [['url', isBroken(url.stored ?? '') ? INVALID_CELL : url.stored]]
        : toItemRows(parameters.ec_items).flatMap(toItemCells),
    );
  if (misfit !== undefined) return refused(misfit);
  if (isOrder) rows.set(order, 'stored');
  const reason = goal > 0 ? 'a conversion, not an action' : 'an order or a cart, not an action';
  return { ...tracked(null, reason), conversion: toConversion(hit, goal) };
}

export const UNKNOWN_GOAL = 'idgoal: the site has no such goal';

/** Whether a hit has a goal that its site does not have. Such a ping is invalid too. */
export function hasUnknownGoal({ parameters, site }: JudgedHit): boolean {
  const goal = toInteger(parameters.idgoal);
  return goal !== undefined && goal > 0 && !site.goals.some(({ id }) => id === goal);
}

/** The items of an order or a cart: lists of number, name, categories, price and quantity. */
function toItemRows(items: ParameterValue): unknown[][] {
  return Object.values(parseJson(toText(items))).filter((item) => Array.isArray(item));
}

/** The texts of an item, which can be too long for their column. */
function toItemCells(item: unknown[]): [name: string, cell: Cell][] {
  return item.flat().map((value) => ['ec_items', toNameCell(toScalarText(value))]);
}

function toScalarText(value: unknown): string {
  return typeof value === 'object' ? '' : String(value);
}

const MAX_ORDER_CHARACTERS = 100; // log_conversion.idorder
const MAX_PIECES = 65_535; // log_conversion.items
const MAX_QUANTITY = 4_294_967_295; // log_conversion_item.quantity
const MAX_CATEGORIES = 5;
const MAX_FLOAT = 3.40282e38; // log_conversion.revenue

/** The row of a goal, an order or a cart with its items. Attribution and columns of the visit are not simulated. */
function toConversion({ parameters, siteId, time, url }: ActionHit, goal: number): Conversion {
  const { revenue } = parameters;
  const base = { idsite: siteId, server_time: time };
  if (goal > 0) {
    // Without a revenue, Matomo uses that of the goal, which is not known here.
    const own = toText(revenue) === '' ? undefined : toRevenue(revenue);
    const row = { kind: 'goal', ...base, idgoal: goal, revenue: own, url: url.stored } as const;
    return withoutNull<Conversion>(row);
  }
  const lines = toItemRows(parameters.ec_items).flatMap(toItem);
  const order = toText(parameters.ec_id);
  const pieces = lines.reduce((sum, { quantity }) => sum + quantity, 0);
  const isOrder = order !== '';
  const amounts = Object.entries(AMOUNTS).flatMap(([column, name]) =>
    toText(parameters[name]) === '' ? [] : [[column, toMoney(parameters[name])]],
  );
  const idorder = cutStoredCharacters(escapeHtml(order), MAX_ORDER_CHARACTERS);
  return {
    ...base,
    ...(isOrder ? { kind: 'order', idgoal: 0, idorder } : { kind: 'cart', idgoal: -1 }),
    revenue: toRevenue(revenue),
    ...Object.fromEntries(amounts),
    items: Math.min(pieces, MAX_PIECES),
    lines: withoutRepeated(lines),
  };
}

const AMOUNTS = {
  revenue_subtotal: 'ec_st',
  revenue_tax: 'ec_tx',
  revenue_shipping: 'ec_sh',
  revenue_discount: 'ec_dt',
} as const;

/** A float of four bytes. */
function toRevenue(value: ParameterValue): number {
  return Math.min(toMoney(value), MAX_FLOAT);
}

function toMoney(value: ParameterValue): number {
  const amount = toAmount(toText(value));
  if (!Number.isFinite(amount)) return 0;
  // PHP rounds the decimal digits, half away from zero.
  const cents = Math.round(Number(`${Math.abs(amount)}e2`));
  return Number.isSafeInteger(cents) ? (Math.sign(amount) * cents) / 100 : amount;
}

function toItem([sku, name, category, price, quantity]: unknown[]): ConversionItem[] {
  const number = toName(sku);
  if (number === undefined) return [];
  const all = Array.isArray(category) ? category.slice(0, MAX_CATEGORIES) : [category];
  const row = {
    sku: number,
    name: toName(name),
    categories: all.map(toName).filter((one) => one !== undefined),
    price: toMoney(toScalarText(price)),
    quantity: toQuantity(quantity),
  };
  return [withoutNull<ConversionItem>(row)];
}

function toName(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const cell = toNameCell(String(value), trim);
  return typeof cell === 'string' ? cell : undefined;
}

/** Whole pieces; one if the value is not a number. */
function toQuantity(value: unknown): number {
  const number = typeof value === 'number' ? value : toNumber(toScalarText(value));
  if (number === undefined) return 1;
  return Math.min(Math.max(0, toInteger(String(number)) ?? Math.trunc(number)), MAX_QUANTITY);
}

/** Of several items with the same SKU, Matomo stores the first. */
function withoutRepeated(items: readonly ConversionItem[]): ConversionItem[] {
  const bySku = new Map<string, ConversionItem>();
  for (const item of items) if (!bySku.has(item.sku)) bySku.set(item.sku, item);
  return [...bySku.values()];
}
