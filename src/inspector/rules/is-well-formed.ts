const LONE_SURROGATE = /\p{Surrogate}/u;
const MAX_DEPTH = 512;

/** Whether PHP's JSON decoder accepts a value too: no lone surrogates, and at most 512 levels. */
export function isWellFormed(value: unknown, depth = 1): boolean {
  if (typeof value === 'string') return !LONE_SURROGATE.test(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth > MAX_DEPTH) return false;
  return Object.entries(value).every(
    ([name, item]) => !LONE_SURROGATE.test(name) && isWellFormed(item, depth + 1),
  );
}
