import { type ChannelListener, channelListener, isObject } from '../common/channel-listener.js';
import {
  annotationsFor,
  type CapturedRequest,
  capturedOf,
  type RequestStorage,
} from './captured-request.js';
import { GRAPHQL_CHANNELS, readExecution } from './operations/graphql.js';
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
    const captured = storage.getStore();
    if (!captured) return;
    const announced = announcement.read(message);
    if (announced && isItsRequest(announced.request, captured)) captured.route = announced.route;
  });
}

function isItsRequest(request: unknown, captured: CapturedRequest): boolean {
  return request === captured.request || (isObject(request) && capturedOf(request) === captured);
}

/** Stores what graphql announces of an operation for the current request. */
function createGraphqlListener(storage: RequestStorage): ChannelListener {
  return channelListener((message) => {
    const captured = storage.getStore();
    if (captured?.request === undefined) return;
    const { name, errorType } = readExecution(message);
    if (name !== undefined) captured.operation ??= { kind: 'graphql', name };
    if (errorType === undefined) return;
    captured.hasFailedOperation = true;
    annotationsFor(captured).operationError = errorType;
  });
}
