/** Under this key `register` offers to start, in every copy of the package. */
const START = Symbol.for('opentelemetry-matomo.start.1');

/** Offers a start to calls that make hits before the process serves. */
export function offerStart(start: () => void): void {
  Object.defineProperty(globalThis, START, { value: start, configurable: true });
}

/** Whether `register` of any copy of the package is loaded. */
export function isStartOffered(): boolean {
  return START in globalThis;
}

/** Starts `register` if it is loaded. It may have started before. */
export function startIfOffered(): void {
  (globalThis as Record<symbol, (() => void) | undefined>)[START]?.();
}
