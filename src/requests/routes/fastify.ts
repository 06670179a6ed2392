import type { RouteAnnouncement } from './route-adapter.js';

/** Fastify 5 publishes each request that it has routed on this channel. */
export const fastifyAnnouncement: RouteAnnouncement = {
  channel: 'tracing:fastify.request.handler:start',
  read(message) {
    const { request, route } = message as { request?: { raw?: object }; route?: { url?: unknown } };
    return typeof route?.url === 'string' ? { request: request?.raw, route: route.url } : undefined;
  },
};
