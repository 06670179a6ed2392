// Functions for properties of this package on objects of Node.js, of an SDK, and on the global object.

/** Sets a property that is not enumerable, so that it does not appear if the object is logged, copied or listed. */
export function setHidden(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, configurable: true });
}

/**
 * The key under which all copies of the package find the tracker
 * of the process or thread. It also marks their span processors.
 */
export const TRACKER_KEY: unique symbol = Symbol.for('opentelemetry-matomo.tracker.1');

/**
 * Returns the object under a key of the global object, which all copies of the package share. If the application has frozen the global object,
 * `process` has the object. It is never replaced.
 */
export function shared<T extends object>(key: symbol, create: () => T): T {
  const known = findShared<T>(key);
  if (known) return known;
  const created = create();
  setHidden(Object.isExtensible(globalThis) ? globalThis : process, key, created);
  return created;
}

/** Returns the object under a key; `undefined` if it does not exist. */
export function findShared<T extends object>(key: symbol): T | undefined {
  type Shared = Record<symbol, T | undefined>;
  return (globalThis as Shared)[key] ?? (process as unknown as Shared)[key];
}
