import type { RouteAnnouncement } from './route-adapter.js';

interface HandledRequest {
  readonly ctx?: {
    readonly request?: { readonly request?: unknown };
    readonly route?: { readonly pattern?: unknown };
  };
}

/** AdonisJS 7 publishes each request that it has handled on this channel, with the matched route. */
export const adonisAnnouncement: RouteAnnouncement = {
  channel: 'tracing:adonisjs.http.request:asyncEnd',
  read(message) {
    const { ctx } = message as HandledRequest;
    const route = ctx?.route?.pattern;
    return typeof route === 'string' ? { request: ctx?.request?.request, route } : undefined;
  },
};
