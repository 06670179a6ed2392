/** How one framework tells the route template of a request, such as `/users/:id`: in one of two ways. */
export interface RouteAdapter {
  /** Reads it from Node's request, on which the framework leaves it. `path`: as the client sent it. */
  readonly readRoute?: (request: object, path: string) => string | undefined;
  /** Reads it from messages that the framework publishes while it handles the request. */
  readonly announcement?: RouteAnnouncement;
}

export interface RouteAnnouncement {
  /** Name of the diagnostics channel. */
  readonly channel: string;
  /** The route, and the request of Node that it is for; `undefined` if the message has none. */
  readonly read: (message: unknown) => { request: unknown; route: string } | undefined;
}
