import { adonisAnnouncement } from './adonis.js';
import { fastifyAnnouncement } from './fastify.js';
import { h3Announcement } from './h3.js';
import type { RouteAnnouncement } from './route-adapter.js';

/** Frameworks that publish the route of each request on a diagnostics channel. */
export const ROUTE_ANNOUNCEMENTS: readonly RouteAnnouncement[] = [
  adonisAnnouncement,
  fastifyAnnouncement,
  h3Announcement,
];
