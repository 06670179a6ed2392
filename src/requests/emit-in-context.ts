import type { AsyncLocalStorage } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';

export type Emit = (this: unknown, ...event: unknown[]) => boolean;

/** A method of one object: it ends with the object, and is hidden, as methods of classes are. */
export function replaceMethod(target: object, name: string, method: unknown): void {
  Object.defineProperty(target, name, { value: method, writable: true, configurable: true });
}

/**
 * Passes each event of one object through `around`, with the `emit` that the object had. That of its class is read at each event:
 * an instrumentation may patch the class later.
 */
export function wrapEmit(
  target: EventEmitter,
  around: (emit: Emit, self: unknown, event: unknown[]) => boolean,
): void {
  const own = Object.getOwnPropertyDescriptor(target, 'emit')?.value as Emit | undefined;
  function emit(this: unknown, ...event: unknown[]): boolean {
    return around(own ?? Object.getPrototypeOf(target).emit, this, event);
  }
  // The mark by which another package recognizes its `emit`, so that it does not wrap this one at every request.
  if (own) Object.setPrototypeOf(emit, own);
  replaceMethod(target, 'emit', emit);
}

/** Calls the listeners of an object with a store, whatever the async context of the event is. */
export function emitWith<T>(storage: AsyncLocalStorage<T>, target: EventEmitter, store: T): void {
  wrapEmit(target, (emit, self, event) => storage.run(store, Reflect.apply, emit, self, event));
}
