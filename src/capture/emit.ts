import type { EventEmitter } from 'node:events';
import { setHidden } from '../common/foreign-objects.js';
import { runIn } from '../request/contexts.js';
import type { Request } from '../request/request.js';

type Emit = (this: unknown, ...event: unknown[]) => boolean;

/** Calls the listeners of an object in the context of a request, whatever the async context of the event is. */
export function emitIn(target: EventEmitter, request: Request): void {
  wrapEmit(
    target,
    (current) =>
      function emit(this: unknown, ...event) {
        return runIn(request, Reflect.apply, current(), this, event);
      },
  );
}

/**
 * Gives one object its own `emit`, which calls `current()`: the `emit` that the object had. If the object had none, the `emit` of its class is
 * read at each event, because an instrumentation may patch the class later.
 */
export function wrapEmit(target: EventEmitter, wrap: (current: () => Emit) => Emit): void {
  const own = Object.getOwnPropertyDescriptor(target, 'emit')?.value as Emit | undefined;
  const emit = wrap(() => own ?? Object.getPrototypeOf(target).emit);
  // Another package marks its own `emit` by a property. The prototype passes the property on, so that the package does not wrap this `emit` again.
  if (own) Object.setPrototypeOf(emit, own);
  setHidden(target, 'emit', emit);
}
