import { AsyncResource } from 'node:async_hooks';

/**
 * An asynchronous context of our own: timers and sockets must not inherit that of the request that happened to create them.
 * It keeps no process alive, and says so: Jest reports resources that do not as open handles.
 */
export class DetachedScope extends AsyncResource {
  hasRef(): boolean {
    return false;
  }
}
