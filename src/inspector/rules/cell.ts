import { unescapeHtml } from '../../common/unescape-html.js';
import {
  cutStoredBytes,
  escapeHtml,
  isBroken,
  type ParameterValue,
  toAmount,
  toInteger,
  toNumber,
  toStoredFloat,
  trim,
} from './php-values.js';
import type { Parameters } from './read-tracker-request.js';

/** Marks a value that a strict database refuses, so that the whole bulk fails. */
export const INVALID_CELL: unique symbol = Symbol('does not fit its column');

/** The value of one column; `undefined` is NULL. */
export type Cell = string | number | typeof INVALID_CELL | undefined;

const MAX_NAME_CHARACTERS = 4096; // log_action.name
const MAX_MEDIUMINT = 16_777_215; // mediumint unsigned
const MAX_INT = 4_294_967_295; // int unsigned

/** Why a strict database refuses a row; `undefined` if it does not. */
export function findMisfit(cells: readonly (readonly [name: string, Cell])[]): string | undefined {
  const [name] = cells.find(([, cell]) => cell === INVALID_CELL) ?? [];
  return name === undefined ? undefined : `${name}: does not fit its column`;
}

/** A row as it is shown: without the columns that are NULL. */
export function withoutNull<Row extends object>(
  row: {
    readonly [Column in keyof Row]: Row[Column] | undefined;
  },
): Row {
  const columns = Object.entries(row).filter(([, cell]) => cell !== undefined);
  return Object.fromEntries(columns) as Row;
}

/** The text of a value; empty if it has none. */
export function toText(value: ParameterValue): string {
  return typeof value === 'string' ? value : '';
}

/** A name that Matomo does not cut: of events, content and products. */
export function toNameCell(
  value: ParameterValue,
  toStored: (text: string) => string = (text) => trim(escapeHtml(text)),
): Cell {
  const name = toStored(toText(value));
  if (name === '' || name === '0') return undefined;
  return name.length > MAX_NAME_CHARACTERS && Array.from(name).length > MAX_NAME_CHARACTERS
    ? INVALID_CELL
    : name;
}

/** A name of a product, which Matomo neither trims nor escapes for HTML. */
export function toPlainNameCell(value: ParameterValue): Cell {
  return toNameCell(value, (text) => unescapeHtml(text).replaceAll('\0', ''));
}

/** Text cut to a number of bytes; refused if the cut goes through a character. */
export function toCutCell(text: string, maxBytes: number): Cell {
  const cut = cutStoredBytes(text, maxBytes);
  return isBroken(cut) ? INVALID_CELL : cut;
}

/** Milliseconds of page performance. Fractions and values that are too large are not stored. */
export function toTimingCell(value: ParameterValue): Cell {
  const millis = toInteger(value);
  return millis !== undefined && millis >= 0 && millis <= MAX_MEDIUMINT ? millis : undefined;
}

export function toCountCell(value: ParameterValue): Cell {
  const count = toInteger(value);
  if (count === undefined || count < 0) return undefined;
  return count <= MAX_INT ? count : INVALID_CELL;
}

/** A price; `true` in JSON is 1. */
export function toPriceCell(value: ParameterValue): Cell {
  return toAmountCell(value === true ? '1' : value);
}

/** The value of an event or a price. */
export function toAmountCell(value: ParameterValue): Cell {
  const text = toText(value);
  if (text === '') return undefined;
  const amount = toAmount(text);
  return Number.isFinite(amount) ? toStoredFloat(amount) : INVALID_CELL;
}

/** A latitude or longitude; 0 counts as none. */
function toCoordinateCell(value: ParameterValue): Cell {
  const text = toText(value);
  if (text === '' || text === '0') return undefined;
  const degrees = toNumber(text);
  return degrees !== undefined && Math.abs(degrees) < 1000 ? degrees : INVALID_CELL;
}

/** A plugin flag of the browser, a signed byte. */
function toFlagCell(value: ParameterValue): Cell {
  const flag = toInteger(value);
  if (flag === undefined) return undefined;
  return flag >= -128 && flag <= 127 ? flag : INVALID_CELL;
}

type VisitColumns = Readonly<Record<string, (value: ParameterValue) => Cell>>;

/** Columns of a visit that can refuse a value, by parameter. The inspector does not store visits. */
const VISIT_COLUMNS: VisitColumns = {
  country: (value) => toEscapedCell(value, 3),
  region: (value) => toEscapedCell(value, 3),
  city: (value) => toEscapedCell(value, 255),
  lat: toCoordinateCell,
  long: toCoordinateCell,
  urlref: (value) => toCutCell(toText(value), 1024),
};

/** The same, for columns that are only written when a visit starts. */
const NEW_VISIT_COLUMNS: VisitColumns = {
  res: (value) => toEscapedCell(value, 9),
  ...Object.fromEntries(
    ['fla', 'java', 'qt', 'realp', 'pdf', 'wma', 'ag', 'cookie'].map((name) => [name, toFlagCell]),
  ),
};

function toEscapedCell(value: ParameterValue, maxBytes: number): Cell {
  return toCutCell(trim(escapeHtml(toText(value))), maxBytes);
}

/** Why the database refuses the row of the visit; `undefined` if it does not. */
export function findVisitMisfit({
  parameters,
  startsVisit,
}: {
  readonly parameters: Parameters;
  readonly startsVisit: boolean;
}): string | undefined {
  const columns = startsVisit ? { ...NEW_VISIT_COLUMNS, ...VISIT_COLUMNS } : VISIT_COLUMNS;
  return findMisfit(
    Object.entries(columns).map(([name, toCell]) => [name, toCell(parameters[name])]),
  );
}
