import { cutStoredBytes, escapeHtml, isBroken, trim, unescapeHtml } from './stored-text.js';
import { type ParameterValue, toAmount, toInteger, toNumber, toStoredFloat } from './to-number.js';

/** Stands for a value that a strict database refuses, which fails the whole bulk. */
export const UNFIT: unique symbol = Symbol('does not fit its column');

/** What goes into one column; undefined is NULL. */
export type Cell = string | number | typeof UNFIT | undefined;

const MAX_NAME_CHARACTERS = 4096; // log_action.name
const MAX_MEDIUMINT = 16_777_215; // mediumint unsigned
const MAX_INT = 4_294_967_295; // int unsigned

/** The text of a value; empty where it has none. */
export function toText(value: ParameterValue): string {
  return typeof value === 'string' ? value : '';
}

/** A name that Matomo does not cut: category, action and name of an event, content, products. */
export function toNameCell(
  value: ParameterValue,
  toStored: (text: string) => string = (text) => trim(escapeHtml(text)),
): Cell {
  const name = toStored(toText(value));
  if (name === '' || name === '0') return undefined;
  return name.length > MAX_NAME_CHARACTERS && Array.from(name).length > MAX_NAME_CHARACTERS
    ? UNFIT
    : name;
}

/** A name of a product, which Matomo stores with its HTML characters as they are. */
export function toPlainNameCell(value: ParameterValue): Cell {
  return toNameCell(value, (text) => trim(unescapeHtml(text)));
}

/** Text cut to so many bytes; refused where the cut went through a character. */
export function toCutCell(text: string, maxBytes: number): Cell {
  const cut = cutStoredBytes(text, maxBytes);
  return isBroken(cut) ? UNFIT : cut;
}

/** Milliseconds of page performance; a part of one, or too many, are not stored. */
export function toTimingCell(value: ParameterValue): Cell {
  const millis = toInteger(value);
  return millis !== undefined && millis >= 0 && millis <= MAX_MEDIUMINT ? millis : undefined;
}

export function toCountCell(value: ParameterValue): Cell {
  const count = toInteger(value);
  if (count === undefined || count < 0) return undefined;
  return count <= MAX_INT ? count : UNFIT;
}

/** The value of an event or a price. */
export function toAmountCell(value: ParameterValue): Cell {
  const text = toText(value);
  if (text === '') return undefined;
  const amount = toAmount(text);
  return Number.isFinite(amount) ? toStoredFloat(amount) : UNFIT;
}

/** A latitude or longitude; 0 counts as none. */
export function toCoordinateCell(value: ParameterValue): Cell {
  const text = toText(value);
  if (text === '' || text === '0') return undefined;
  const degrees = toNumber(text);
  return degrees !== undefined && Math.abs(degrees) < 1000 ? degrees : UNFIT;
}

/** A plugin flag of the browser, a signed byte. */
export function toFlagCell(value: ParameterValue): Cell {
  const flag = toInteger(value);
  if (flag === undefined) return undefined;
  return flag >= -128 && flag <= 127 ? flag : UNFIT;
}
