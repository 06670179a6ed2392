import type { Socket } from 'node:net';
import { setHidden } from '../common/foreign-objects.js';
import { Sender } from '../hit/visitor/client.js';
import type { Request } from './request.js';

/** The property of Node's socket that stores the state of its connection. */
const CONNECTION = Symbol('opentelemetry-matomo.connection');

/** One connection over HTTP/1.1. */
export class Connection extends Sender {
  /** The requests whose responses are not closed, in the order of their responses. */
  readonly open: Request[];
  /** The key with which `Ends.unwatch` is called when the connection closes. */
  watched: WeakRef<Iterable<Request>> | undefined = undefined;
  /** The original `end` of the socket. */
  readonly end: Socket['end'];

  constructor(socket: Socket, first: Request) {
    super();
    this.end = socket.end;
    this.open = [first];
    setHidden(socket, CONNECTION, this);
  }
}

export function connectionOf(socket: object | undefined): Connection | undefined {
  return (socket as { readonly [CONNECTION]?: Connection } | undefined)?.[CONNECTION];
}
