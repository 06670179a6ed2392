import { isRecord } from '../../common/is-record.js';
import { ITEMS, NAME, toText } from './parameter-values.js';
import { readNumber } from './read-values.js';

/** A number, or the form in which databases return it: text such as `9.99`, or a `bigint`. */
export type Amount = number | string | bigint;

/** A line of an order. */
export interface OrderItem {
  /** Matomo keeps one item for each SKU. */
  sku: string | number | bigint;
  /** Name of the product. */
  name?: string | undefined;
  /** At most five categories. */
  categories?: string | readonly string[] | undefined;
  /** Price of one piece. @default 0 */
  price?: Amount | undefined;
  /** Number of pieces. @default 1 */
  quantity?: Amount | undefined;
}

/** An order, as `trackOrder` gets it. */
export interface Order {
  /** Matomo stores an order with the same ID once. */
  id: string | number | bigint;
  /** The total amount paid, including tax and shipping. */
  revenue: Amount;
  /** The amount without tax and shipping. */
  subtotal?: Amount | undefined;
  /** The tax in `revenue`. */
  tax?: Amount | undefined;
  /** Shipping costs in `revenue`. */
  shipping?: Amount | undefined;
  /** The discount that was granted. */
  discount?: Amount | undefined;
  /** Items of the order. Lists in Matomo's own form `[sku, name, categories, price, quantity]` are accepted, too. */
  items?: readonly OrderItem[] | undefined;
}

const MAX_CATEGORIES = 5;
const MAX_QUANTITY = 65_535;

/**
 * Formats the items of an order for Matomo. Items that Matomo would ignore, or that exceed the maximum length, are left out and added to
 * `problems`, because the order itself matters more.
 */
function toOrderItems(items: readonly unknown[], problems: Set<string>): string {
  const rows: string[] = [];
  const skus = new Set<string>();
  let characters = 2; // the brackets of the list
  for (const item of items) {
    const row = toRow(item);
    if (typeof row === 'string') {
      problems.add(row);
      continue;
    }
    if (skus.has(row[0])) problems.add('the name, price and quantity of an item with the same sku');
    skus.add(row[0]);
    const text = JSON.stringify(row);
    characters += text.length + 1;
    if (characters > ITEMS.maxCharacters) {
      problems.add(`items beyond ${ITEMS.maxCharacters} characters`);
      break;
    }
    rows.push(text);
  }
  return `[${rows.join(',')}]`;
}

type Row = [sku: string, name: string, categories: string | string[], price: number, count: number];

const ITEM_KEYS = ['sku', 'name', 'categories', 'price', 'quantity'] as const;
const NO_NUMBER = 'is not a number such as 9.99 or "9.99"';

function toRow(item: unknown): Row | string {
  if (typeof item !== 'object' || item === null) return 'an item that is no object';
  const { sku, name, categories, price, quantity } = Array.isArray(item)
    ? ofList(item)
    : (item as Record<string, unknown>);
  const number = toName(sku);
  if (number === '') return 'an item without a sku';
  const [cost, pieces] = [readNumber(price ?? 0), readNumber(quantity ?? 1)];
  if (!Number.isFinite(cost)) return `an item whose price ${NO_NUMBER}`;
  if (!Number.isFinite(pieces)) return `an item whose quantity ${NO_NUMBER}`;
  const count = Math.min(Math.max(0, Math.round(pieces)), MAX_QUANTITY);
  return [number, toName(name), toCategories(categories), cost, count];
}

/** Reads an item in the form of Matomo's JavaScript tracker and HTTP API. */
function ofList(list: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(ITEM_KEYS.map((key, i) => [key, list[i]]));
}

const ORDER_KEYS = ['id', 'revenue', 'subtotal', 'tax', 'shipping', 'discount', 'items'] as const;
const AMOUNTS = { ec_st: 'subtotal', ec_tx: 'tax', ec_sh: 'shipping', ec_dt: 'discount' } as const;

/** Converts an order to tracking parameters and lists what had to be left out. A string says why there is no hit. */
export function readOrder(
  order: Readonly<Record<string, unknown>>,
): { parameters: Record<string, unknown>; problems: Iterable<string> } | string {
  const { id, items } = order;
  const problems = new Set(namesOf(unknownKeys(order)));
  const revenue = readNumber(order.revenue);
  if (!Number.isFinite(revenue)) {
    const [unknown] = problems;
    const others = unknown === undefined ? '' : `, and it has ${unknown}`;
    return `the revenue of an order ${NO_NUMBER}${others}`;
  }
  const parameters: Record<string, unknown> = { idgoal: 0, ec_id: id, revenue };
  for (const [parameter, key] of Object.entries(AMOUNTS)) {
    if (order[key] === undefined || order[key] === null) continue;
    const amount = readNumber(order[key]);
    if (Number.isFinite(amount)) parameters[parameter] = amount;
    else problems.add(`a ${key} that ${NO_NUMBER}`);
  }
  if (Array.isArray(items)) parameters.ec_items = toOrderItems(items, problems);
  else if (items !== undefined && items !== null) problems.add('items that are no list');
  return { parameters, problems };
}

/** Unknown keys of an order. Keys of items are shown as `items[].category`. */
function unknownKeys(order: Readonly<Record<string, unknown>>): string[] {
  const unknown = new Set(keysBeside(order, ORDER_KEYS));
  const items = Array.isArray(order.items) ? order.items : [];
  for (const item of items) {
    if (!isRecord(item)) continue;
    for (const key of keysBeside(item, ITEM_KEYS)) unknown.add(`items[].${key}`);
  }
  return [...unknown];
}

function keysBeside(given: Readonly<Record<string, unknown>>, known: readonly string[]): string[] {
  return Object.keys(given).filter((key) => !known.includes(key) && given[key] !== undefined);
}

/** A message lists no more unknown keys than this, because an item may be a record of a database. */
const MAX_NAMED = 8;

function namesOf(unknown: readonly string[]): string[] {
  if (unknown.length === 0) return [];
  const shown = unknown.slice(0, MAX_NAMED).map((key) => JSON.stringify(key.slice(0, 50)));
  if (unknown.length > MAX_NAMED) shown.push('…');
  const known = `${ORDER_KEYS.join(', ')}; of an item ${ITEM_KEYS.join(', ')}`;
  return [`${shown.join(', ')}, which trackOrder does not know (it knows ${known})`];
}

function toCategories(unchecked: unknown): string | string[] {
  if (!Array.isArray(unchecked)) return toName(unchecked);
  return unchecked
    .slice(0, MAX_CATEGORIES)
    .map(toName)
    .filter((name) => name !== '');
}

function toName(unchecked: unknown): string {
  return toText(NAME, unchecked) ?? '';
}
