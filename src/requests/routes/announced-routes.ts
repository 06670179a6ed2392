/** A framework that publishes the route template of each request that it handles. */
export interface RouteAnnouncement {
  /** Name of the diagnostics channel. */
  readonly channel: string;
  /** The route and Node's request; `undefined` if the message has no route. */
  readonly read: (message: unknown) => { request: unknown; route: string } | undefined;
}

/** Fastify 5 publishes each request that it has routed on this channel. */
const fastifyAnnouncement: RouteAnnouncement = {
  channel: 'tracing:fastify.request.handler:start',
  read(message) {
    const { request, route } = message as { request?: { raw?: object }; route?: { url?: unknown } };
    return typeof route?.url === 'string' ? { request: request?.raw, route: route.url } : undefined;
  },
};

interface HandledEvent {
  readonly event?: {
    readonly context?: { readonly matchedRoute?: { readonly route?: unknown } };
    readonly runtime?: { readonly node?: { readonly req?: unknown } };
  };
}

/** h3 2 publishes each handler that it runs on this channel, if its tracing plugin is registered. */
const h3Announcement: RouteAnnouncement = {
  channel: 'tracing:h3.request:start',
  read(message) {
    const { event } = message as HandledEvent;
    const route = event?.context?.matchedRoute?.route;
    return typeof route === 'string' ? { request: event?.runtime?.node?.req, route } : undefined;
  },
};

interface HandledRequest {
  readonly ctx?: {
    readonly request?: { readonly request?: unknown };
    readonly route?: { readonly pattern?: unknown };
  };
}

/** AdonisJS 7 publishes each request that it has handled on this channel, with the matched route. */
const adonisAnnouncement: RouteAnnouncement = {
  channel: 'tracing:adonisjs.http.request:asyncEnd',
  read(message) {
    const { ctx } = message as HandledRequest;
    const route = ctx?.route?.pattern;
    return typeof route === 'string' ? { request: ctx?.request?.request, route } : undefined;
  },
};

/** Frameworks that publish the route of each request on a diagnostics channel. */
export const ROUTE_ANNOUNCEMENTS: readonly RouteAnnouncement[] = [
  adonisAnnouncement,
  fastifyAnnouncement,
  h3Announcement,
];
