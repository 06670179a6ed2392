import type { ParameterValue } from './to-number.js';

/** The meaning of `recMode`. `detect` depends on the user agent; Matomo discards a hit with an `other` value. */
export type RecMode = 'visit' | 'bot' | 'detect' | 'other';

/** Reads `recMode` as PHP's `empty` and `(int)` do: `01`, `1abc`, `1.9` and a list are 1. */
export function readRecMode(value: ParameterValue): RecMode {
  if (value === undefined || value === '' || value === '0') return 'visit';
  // For PHP, an array and `true` are 1.
  const number = typeof value === 'string' ? Math.trunc(Number.parseFloat(value)) : 1;
  return number === 1 ? 'bot' : number === 2 ? 'detect' : 'other';
}
