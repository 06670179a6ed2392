import { AsyncResource } from 'node:async_hooks';

/**
 * An async context of our own: timers and sockets must not inherit that of the request that happened to create them. It
 * has `hasRef`, which returns false, because Jest reports async resources without it as open handles.
 */
export class DetachedScope extends AsyncResource {
  hasRef(): boolean {
    return false;
  }
}
