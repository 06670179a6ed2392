/** A framework that stores the route template of a request, such as `/users/:id`, on Node's request. */
export interface RouteAdapter {
  /** `path` is the path of the request, not decoded. */
  readonly readRoute: (request: object, path: string) => string | undefined;
}

/** A framework that publishes the route template of each request that it handles. */
export interface RouteAnnouncement {
  /** Name of the diagnostics channel. */
  readonly channel: string;
  /** The route and Node's request; `undefined` if the message has no route. */
  readonly read: (message: unknown) => { request: unknown; route: string } | undefined;
}
