// Properties of this package on objects of Node.js, of an SDK and on the global object.

/** Sets a property that is not visible if an object is logged, copied or listed. */
export function setHidden(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, configurable: true });
}

/** Under this key, all copies of the package find the one tracker of a process or thread, and each other's span processors. */
export const TRACKER_KEY: unique symbol = Symbol.for('opentelemetry-matomo.tracker.1');

/**
 * The object under a key of the global object, which all copies of the package share; of `process`, if the application has frozen the
 * global object before. It is never replaced.
 */
export function shared<T extends object>(key: symbol, create: () => T): T {
  const known = findShared<T>(key);
  if (known) return known;
  const created = create();
  setHidden(Object.isExtensible(globalThis) ? globalThis : process, key, created);
  return created;
}

/** The object under a key, if it exists. */
export function findShared<T extends object>(key: symbol): T | undefined {
  type Shared = Record<symbol, T | undefined>;
  return (globalThis as Shared)[key] ?? (process as unknown as Shared)[key];
}
