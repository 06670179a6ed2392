import { type ChannelListener, channelListener, isObject } from '../common/channel-listener.js';
import { GRAPHQL_CHANNELS, readExecution } from './operations/graphql.js';
import { type Request, type RequestStorage, requestOf } from './request.js';
import { ROUTE_ANNOUNCEMENTS, type RouteAnnouncement } from './routes/announced-routes.js';

/** Listeners for frameworks that announce the route or the operation of the current request, with the names of their channels. */
export function frameworkListeners(storage: RequestStorage): readonly [string, ChannelListener][] {
  return [
    ...ROUTE_ANNOUNCEMENTS.map((announcement): [string, ChannelListener] => [
      announcement.channel,
      createRouteListener(storage, announcement),
    ]),
    ...GRAPHQL_CHANNELS.map((name): [string, ChannelListener] => [
      name,
      createGraphqlListener(storage),
    ]),
  ];
}

/** Stores the route that a framework announces for the current request. */
function createRouteListener(
  storage: RequestStorage,
  announcement: RouteAnnouncement,
): ChannelListener {
  return channelListener((message) => {
    const request = storage.getStore();
    const found = request && announcement.read(message);
    if (found && isItsRequest(found.request, request)) request.route = found.route;
  });
}

function isItsRequest(request: unknown, announced: Request): boolean {
  return request === announced.incoming || (isObject(request) && requestOf(request) === announced);
}

/** Stores what graphql announces of an operation for the current request. */
function createGraphqlListener(storage: RequestStorage): ChannelListener {
  return channelListener((message) => {
    const announced = storage.getStore();
    if (announced?.incoming === undefined) return;
    const { name, errorType } = readExecution(message);
    if (name !== undefined) announced.operation ??= { kind: 'graphql', name };
    if (errorType === undefined) return;
    announced.hasFailedOperation = true;
    announced.annotationsFromCode().operationError = errorType;
  });
}
