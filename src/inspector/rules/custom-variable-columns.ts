import { decodeEntities } from './html-entities.js';
import { isWellFormed } from './is-well-formed.js';
import { cutStoredCharacters, trim } from './stored-text.js';
import { type ParameterValue, toNumberText } from './to-number.js';

const SLOTS = 5;
const MAX_CHARACTERS = 200;

/** Names and values of custom variables by column. */
export type CustomVariableColumns = Record<`custom_var_${'k' | 'v'}${number}`, string>;

/** The columns that `cvar` fills: `{"1":["name","value"]}`; any other shape fills none. */
export function toCustomVariableColumns(json: ParameterValue): CustomVariableColumns {
  const columns: CustomVariableColumns = {};
  if (typeof json !== 'string' || json === '') return columns;
  for (const [slot, pair] of Object.entries(parse(json))) {
    const index = Number.parseInt(slot, 10);
    if (!(index >= 1 && index <= SLOTS) || typeof pair !== 'object' || pair === null) continue;
    const entries = new Map(Object.entries(pair));
    const name = toText(entries.get('0'));
    const value = toText(entries.get('1'));
    if (entries.size !== 2 || name === undefined || value === undefined) continue;
    columns[`custom_var_k${index}`] = name;
    columns[`custom_var_v${index}`] = value;
  }
  return columns;
}

function parse(json: string): object {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null && isWellFormed(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function toText(value: unknown): string | undefined {
  if (value === null || value === false) return '';
  if (value === true) return '1';
  if (typeof value === 'number') return toNumberText(value);
  if (typeof value !== 'string') return undefined;
  return cutStoredCharacters(trim(decodeEntities(value).replaceAll('\0', '')), MAX_CHARACTERS);
}
