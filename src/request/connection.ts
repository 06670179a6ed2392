import type { Socket } from 'node:net';
import { setHidden } from '../common/foreign-objects.js';
import type { Client } from '../hit/visitor/client.js';
import type { Request } from './request.js';

/** On Node's socket: a `WeakMap` is asked for each request. */
const CONNECTION = Symbol('opentelemetry-matomo.connection');

/** What is known of one connection over HTTP/1.1. */
export class Connection {
  /** The requests whose responses are not closed, in the order of these. */
  readonly open: Request[];
  /** What `Ends.unwatch` gets when the connection is closed. */
  watched: WeakRef<Iterable<Request>> | undefined = undefined;
  /** What the socket had as `end`. */
  readonly end: Socket['end'];
  /** The client of its latest request, which most later ones have, too. */
  client: Client | undefined = undefined;

  constructor(socket: Socket, first: Request) {
    this.end = socket.end;
    this.open = [first]; // an empty list would get room for 17 by the first one
    setHidden(socket, CONNECTION, this);
  }
}

export function connectionOf(socket: object | undefined): Connection | undefined {
  return (socket as { readonly [CONNECTION]?: Connection } | undefined)?.[CONNECTION];
}
