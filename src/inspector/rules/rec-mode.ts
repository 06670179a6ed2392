import type { ParameterValue } from './to-number.js';

/** What `recMode` asks for: a request by a bot, whichever it is, or something that Matomo discards. */
export type RecMode = 'visit' | 'bot' | 'detect' | 'other';

/** Reads `recMode` as PHP's `empty` and `(int)` do: `01`, `1abc`, `1.9` and a list are 1. */
export function readRecMode(value: ParameterValue): RecMode {
  if (value === undefined || value === '' || value === '0') return 'visit';
  // What PHP reads as an array is 1, and so is `true`.
  const number = typeof value === 'string' ? Math.trunc(Number.parseFloat(value)) : 1;
  return number === 1 ? 'bot' : number === 2 ? 'detect' : 'other';
}
