import { createHash } from 'node:crypto';
import { OPTIONS, type OptionName } from './option-table.js';
import type { ResolvedOptions } from './resolved-options.js';

/** Applies to hits that are in the spool, whoever made them. */
const APPLIES_LATER: OptionName = 'maxSpoolAgeMillis';
const LENGTH = 8;

/**
 * Hexadecimal digits that differ if privacy options differ, so that hits in a spool show with which ones they were made. Callbacks
 * and keys are not part of it.
 */
export function fingerprintPrivacy(options: ResolvedOptions): string {
  const names = Object.keys(OPTIONS) as OptionName[];
  const values = names
    .filter((name) => OPTIONS[name].isPrivacy && name !== APPLIES_LATER)
    .map((name) => [name, isKey(name, options[name]) ? 'key' : options[name]]);
  return createHash('sha256').update(JSON.stringify(values, asText)).digest('hex').slice(0, LENGTH);
}

function isKey(name: OptionName, value: unknown): boolean {
  return name === 'visitorKey' && value !== 'daily';
}

/** JSON has neither regular expressions nor sets. It omits functions itself. */
function asText(_key: string, value: unknown): unknown {
  if (value instanceof RegExp) return String(value);
  return value instanceof Set || value instanceof Map ? [...value] : value;
}
