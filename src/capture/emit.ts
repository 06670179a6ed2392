import type { EventEmitter } from 'node:events';
import { setHidden } from '../common/foreign-objects.js';
import { runIn } from '../request/contexts.js';
import type { Request } from '../request/request.js';

type Emit = (this: unknown, ...event: unknown[]) => boolean;

/** Calls the listeners of an object in the context of a request, whatever the async context of the event is. */
export function emitIn(target: EventEmitter, request: Request): void {
  wrapEmit(target, (emit, self, event) => runIn(request, Reflect.apply, emit, self, event));
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
  setHidden(target, 'emit', emit);
}
