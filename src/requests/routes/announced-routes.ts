import { fastifyAnnouncement } from './fastify.js';
import type { RouteAnnouncement } from './route-adapter.js';

/** The frameworks that announce the route of each request on a diagnostics channel. */
export const ROUTE_ANNOUNCEMENTS: readonly RouteAnnouncement[] = [fastifyAnnouncement];
