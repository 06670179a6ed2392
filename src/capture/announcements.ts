import { type ChannelListener, channelListener, isObject } from '../common/channel-listener.js';
import { currentRequest, requestOf } from '../request/contexts.js';
import { addExecution } from '../request/operations.js';
import type { Request } from '../request/request.js';

/** Paths to Node's request and to the route in messages of frameworks, by the names of the channels. */
const ANNOUNCED_ROUTES: Readonly<Record<string, readonly [request: string, route: string]>> = {
  // AdonisJS 7 publishes each request that it has handled.
  'tracing:adonisjs.http.request:asyncEnd': ['ctx.request.request', 'ctx.route.pattern'],
  // Fastify 5 publishes each request that it has routed.
  'tracing:fastify.request.handler:start': ['request.raw', 'route.url'],
  // h3 2 publishes each handler that it runs, if its tracing plugin is registered.
  'tracing:h3.request:start': ['event.runtime.node.req', 'event.context.matchedRoute.route'],
};

/** Events of the channel on which graphql 17 publishes the execution of each operation. */
const EXECUTIONS = ['start', 'end', 'asyncEnd', 'error'];

/** Listeners for messages of frameworks about the current request, with the names of their channels. */
export function announcementListeners(): [string, ChannelListener][] {
  return [
    ...Object.entries(ANNOUNCED_ROUTES).map(([name, [toRequest, toRoute]]) =>
      listenTo(name, routeReader(toRequest.split('.'), toRoute.split('.'))),
    ),
    ...EXECUTIONS.map((event) => listenTo(`tracing:graphql:execute:${event}`, addExecution)),
  ];
}

function listenTo(
  name: string,
  add: (request: Request, message: object) => void,
): [string, ChannelListener] {
  const listener = channelListener(isObject, (message) => {
    const request = currentRequest();
    if (request?.incoming) add(request, message);
  });
  return [name, listener];
}

/** Reads a route template. It is ignored unless it is announced for Node's request of the current async context. */
function routeReader(toRequest: readonly string[], toRoute: readonly string[]) {
  return function addRoute(request: Request, message: object): void {
    const incoming = valueAt(message, toRequest);
    const route = valueAt(message, toRoute);
    const isIts = isObject(incoming) && requestOf(incoming) === request;
    if (isIts && typeof route === 'string') request.ensureAdditions().route = route;
  };
}

function valueAt(message: object, path: readonly string[]): unknown {
  let value: unknown = message;
  for (const name of path) value = (value as Record<string, unknown> | null | undefined)?.[name];
  return value;
}
