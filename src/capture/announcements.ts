import { type ChannelListener, channelListener, isObject } from '../common/channel-listener.js';
import { currentRequest, requestOf } from '../request/contexts.js';
import { addExecution } from '../request/operations.js';
import type { Request } from '../request/request.js';

/** Functions that find Node's request and its route in messages of frameworks, by the names of their channels. */
const ANNOUNCED_ROUTES: Readonly<Record<string, readonly [request: string, route: string]>> = {
  // AdonisJS 7: each request that it has handled.
  'tracing:adonisjs.http.request:asyncEnd': ['ctx.request.request', 'ctx.route.pattern'],
  // Fastify 5: each request that it has routed.
  'tracing:fastify.request.handler:start': ['request.raw', 'route.url'],
  // h3 2: each handler that it runs, if its tracing plugin is registered.
  'tracing:h3.request:start': ['event.runtime.node.req', 'event.context.matchedRoute.route'],
};

/** The channel on which graphql 17 publishes the execution of each operation. */
const EXECUTIONS = ['start', 'end', 'asyncEnd', 'error'];

/** Listeners for what frameworks announce of the current request, with the names of their channels. */
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

/** A route template counts if it is announced for Node's request of the current async context. */
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
