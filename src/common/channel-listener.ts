import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { describeError } from './describe-error.js';
import { createDiagnostics } from './diagnostics.js';
import { coded } from './messages.js';

/** Marks a server of this package. Its requests are not tracked. */
export const UNTRACKED_SERVER: symbol = Symbol.for('opentelemetry-matomo.untracked');

export const LISTEN_CHANNEL = 'tracing:net.server.listen:asyncStart';
export const CONNECTION_CHANNEL = 'net.server.socket';
export const REQUEST_CHANNEL = 'http.server.request.start';
export const FINISH_CHANNEL = 'http.server.response.finish';
export const STREAM_CHANNEL = 'http2.server.stream.created';
export const STREAM_CLOSE_CHANNEL = 'http2.server.stream.close';

export type ChannelListener = (message: unknown) => void;
/** Listeners with the names of their channels. */
export type ChannelListeners = Iterable<readonly [name: string, listener: ChannelListener]>;

export function subscribe(listeners: ChannelListeners): void {
  for (const [name, listener] of listeners) channel(name).subscribe(listener);
}

export function unsubscribe(listeners: ChannelListeners): void {
  for (const [name, listener] of listeners) channel(name).unsubscribe(listener);
}

/** A message of Node.js about a request to one of its servers. */
export interface RequestMessage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The original socket of the request. The application may have replaced `request.socket`. */
  readonly socket: Socket;
  readonly server: Server;
}

/** A message of Node.js about a stream of one of its HTTP/2 servers. */
export interface StreamMessage {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
}

const diagnostics = /* @__PURE__ */ createDiagnostics();

/**
 * Creates a listener for a diagnostics channel. Anyone may publish anything on a channel, so the listener ignores other messages. Node.js would
 * end the process with an error of a listener, so the listener catches errors and logs the first one.
 */
export function channelListener<Message>(
  isMessage: (message: unknown) => message is Message,
  listen: (message: Message) => void,
): ChannelListener {
  return function onMessage(message) {
    try {
      if (isMessage(message)) listen(message);
    } catch (error) {
      diagnostics.warnOnce('channel', () => coded('internal-error', notRead(error)));
    }
  };
}

export function isRequestMessage(message: unknown): message is RequestMessage {
  if (!isObject(message)) return false;
  const { request, response, server } = message as Partial<RequestMessage>;
  return (
    isObject(request?.headers) &&
    isObject(request.socket) &&
    typeof response?.once === 'function' &&
    isObject(server)
  );
}

export function isStreamMessage(message: unknown): message is StreamMessage {
  if (!isObject(message)) return false;
  const { stream, headers } = message as Partial<StreamMessage>;
  return (
    isObject(headers) &&
    typeof stream?.once === 'function' &&
    typeof stream.session?.once === 'function' &&
    isObject(stream.session.socket)
  );
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function notRead(error: unknown): string {
  return `A message on a diagnostics channel could not be read (${describeError(error)}). A request may be missing. Please report this.`;
}
