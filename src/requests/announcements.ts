import { type ChannelListener, channelListener, isObject } from '../common/channel-listener.js';
import { GRAPHQL_CHANNELS, readExecution } from './operations/graphql.js';
import { type Request, type RequestStorage, requestOf } from './request.js';

/** Node's request and the route template that a framework announces for it. */
interface Routed {
  readonly request: unknown;
  readonly route: unknown;
}

/** How to read what frameworks publish of each request, by the names of their channels. */
const ROUTES: Readonly<Record<string, (message: object) => Routed>> = {
  // AdonisJS 7: each request that it has handled.
  'tracing:adonisjs.http.request:asyncEnd'(message) {
    const { ctx } = message as {
      ctx?: { request?: { request?: unknown }; route?: { pattern?: unknown } };
    };
    return { request: ctx?.request?.request, route: ctx?.route?.pattern };
  },
  // Fastify 5: each request that it has routed.
  'tracing:fastify.request.handler:start'(message) {
    const { request, route } = message as { request?: { raw?: object }; route?: { url?: unknown } };
    return { request: request?.raw, route: route?.url };
  },
  // h3 2: each handler that it runs, if its tracing plugin is registered.
  'tracing:h3.request:start'(message) {
    const { event } = message as {
      event?: {
        context?: { matchedRoute?: { route?: unknown } };
        runtime?: { node?: { req?: unknown } };
      };
    };
    return { request: event?.runtime?.node?.req, route: event?.context?.matchedRoute?.route };
  },
};

/** Listeners for frameworks that announce the route or the operation of the current request, with the names of their channels. */
export function announcementListeners(storage: RequestStorage): [string, ChannelListener][] {
  function listen(add: (request: Request, message: object) => void): ChannelListener {
    return channelListener((message) => {
      const request = storage.getStore();
      if (request?.incoming) add(request, message);
    });
  }

  const routes = Object.entries(ROUTES).map(([name, read]): [string, ChannelListener] => [
    name,
    listen((request, message) => addRoute(request, read(message))),
  ]);
  const executions = listen(addExecution);
  return [
    ...routes,
    ...GRAPHQL_CHANNELS.map((name): [string, ChannelListener] => [name, executions]),
  ];
}

function addRoute(announced: Request, { request, route }: Routed): void {
  const isIts =
    request === announced.incoming || (isObject(request) && requestOf(request) === announced);
  if (isIts && typeof route === 'string') announced.route = route;
}

/** Stores what graphql announces of an operation. */
function addExecution(announced: Request, message: object): void {
  const { name, errorType } = readExecution(message);
  if (name !== undefined) announced.operation ??= { kind: 'graphql', name };
  if (errorType !== undefined) announced.failOperation(errorType);
}
