import type { RouteAnnouncement } from './route-adapter.js';

interface HandledEvent {
  readonly event?: {
    readonly context?: { readonly matchedRoute?: { readonly route?: unknown } };
    readonly runtime?: { readonly node?: { readonly req?: unknown } };
  };
}

/** h3 2 publishes each handler that it runs on this channel, if its tracing plugin is registered. */
export const h3Announcement: RouteAnnouncement = {
  channel: 'tracing:h3.request:start',
  read(message) {
    const { event } = message as HandledEvent;
    const route = event?.context?.matchedRoute?.route;
    return typeof route === 'string' ? { request: event?.runtime?.node?.req, route } : undefined;
  },
};
