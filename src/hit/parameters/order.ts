import { ITEMS, NAME, toParameterValue } from './parameter-values.js';

/** A line of an order. */
export interface OrderItem {
  /** Matomo keeps one item for each SKU. */
  sku: string | number;
  /** Name of the product. */
  name?: string | undefined;
  /** At most five. */
  categories?: string | readonly string[] | undefined;
  /** Of one piece. @default 0 */
  price?: number | undefined;
  /** Whole pieces. @default 1 */
  quantity?: number | undefined;
}

/** What somebody bought. */
export interface Order {
  /** Matomo stores an order with the same ID once. */
  id: string | number;
  /** All that was paid, tax and shipping included. */
  revenue: number;
  /** Without tax and shipping. */
  subtotal?: number | undefined;
  /** The tax in `revenue`. */
  tax?: number | undefined;
  /** Shipping costs in `revenue`. */
  shipping?: number | undefined;
  /** The discount that was subtracted. */
  discount?: number | undefined;
  /** What was bought. */
  items?: readonly OrderItem[] | undefined;
}

const MAX_CATEGORIES = 5;
const MAX_QUANTITY = 65_535;

/** The items of an order as Matomo reads them, and what had to be left out. */
export interface OrderItems {
  readonly text: string;
  readonly problems: readonly string[];
}

/** Items that Matomo would ignore, and those beyond the longest text, are left out: the order is worth more than they are. */
export function toOrderItems(items: readonly unknown[]): OrderItems {
  const rows: string[] = [];
  const problems = new Set<string>();
  const skus = new Set<string>();
  let characters = 2; // the brackets
  for (const item of items) {
    const row = toRow(item);
    if (!row) {
      problems.add('an item without a sku, or with a price or quantity that is not a number');
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
  return { text: `[${rows.join(',')}]`, problems: [...problems] };
}

type Row = [sku: string, name: string, categories: string | string[], price: number, count: number];

function toRow(item: unknown): Row | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const { sku, name, categories, price = 0, quantity = 1 } = item as Partial<OrderItem>;
  const number = toName(sku);
  if (number === '' || !Number.isFinite(price) || !Number.isFinite(quantity)) return undefined;
  const pieces = Math.min(Math.max(0, Math.round(quantity)), MAX_QUANTITY);
  return [number, toName(name), toCategories(categories), price, pieces];
}

function toCategories(unchecked: unknown): string | string[] {
  if (!Array.isArray(unchecked)) return toName(unchecked);
  return unchecked
    .slice(0, MAX_CATEGORIES)
    .map(toName)
    .filter((name) => name !== '');
}

/** As long as its column: one that is longer makes Matomo roll the whole bulk back. */
function toName(unchecked: unknown): string {
  return toParameterValue(NAME, unchecked) ?? '';
}
