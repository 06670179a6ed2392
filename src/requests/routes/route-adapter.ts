/** A framework that leaves the route template of a request, such as `/users/:id`, on Node's request. */
export interface RouteAdapter {
  /** `path`: as the client sent it. */
  readonly readRoute: (request: object, path: string) => string | undefined;
}

/** A framework that publishes the route template of each request that it handles. */
export interface RouteAnnouncement {
  /** Name of the diagnostics channel. */
  readonly channel: string;
  /** The route, and the request of Node that it is for; `undefined` if the message has none. */
  readonly read: (message: unknown) => { request: unknown; route: string } | undefined;
}
