import {
  type Cell,
  INVALID_CELL,
  toCoordinateCell,
  toCutCell,
  toFlagCell,
  toText,
} from './cell.js';
import type { Parameters } from './read-tracker-request.js';
import { escapeHtml, trim } from './stored-text.js';
import type { ParameterValue } from './to-number.js';

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

/** The first parameter whose value the row of the visit refuses. */
export function findInvalidVisitParameter(
  parameters: Parameters,
  { startsVisit }: { startsVisit: boolean },
): string | undefined {
  const columns = startsVisit ? { ...NEW_VISIT_COLUMNS, ...VISIT_COLUMNS } : VISIT_COLUMNS;
  return Object.keys(columns).find((name) => {
    const value = parameters[name];
    return value !== undefined && columns[name]?.(value) === INVALID_CELL;
  });
}
