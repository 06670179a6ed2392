/** Whether a value is an object that is read by its keys: not a list, `Map`, `Headers` or promise. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !(Symbol.iterator in value) && !isThenable(value)
  );
}

/** Whether a value can be awaited. Returns false if a proxy or getter of the application throws. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  try {
    return isObject && typeof (value as { then?: unknown }).then === 'function';
  } catch {
    return false;
  }
}
