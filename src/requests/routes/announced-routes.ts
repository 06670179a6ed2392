import { channel } from 'node:diagnostics_channel';
import { adonisAnnouncement } from './adonis.js';
import { h3Announcement } from './h3.js';
import type { RouteAnnouncement } from './route-adapter.js';

/** Besides Fastify's, whose listener all copies of this package share. */
const ANNOUNCEMENTS: readonly RouteAnnouncement[] = [adonisAnnouncement, h3Announcement];

interface RoutedRequest {
  readonly request: object | undefined;
  route: string | undefined;
}

/** Notes the routes that frameworks announce for the current request, until what it returns is called. */
export function listenForRoutes(currentRequest: () => RoutedRequest | undefined): () => void {
  const listeners = ANNOUNCEMENTS.map(({ channel: name, read }) => {
    const onRoute = (message: unknown) => {
      const current = currentRequest();
      const announced = current && read(message);
      if (announced && announced.request === current.request) current.route = announced.route;
    };
    channel(name).subscribe(onRoute);
    return { name, onRoute };
  });
  return function stop() {
    for (const { name, onRoute } of listeners) channel(name).unsubscribe(onRoute);
  };
}
