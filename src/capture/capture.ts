import {
  type ChannelListener,
  channelListener,
  FINISH_CHANNEL,
  isObject,
  isRequestMessage,
  isStreamMessage,
  REQUEST_CHANNEL,
  STREAM_CHANNEL,
  STREAM_CLOSE_CHANNEL,
  subscribe,
  unsubscribe,
} from '../common/channel-listener.js';
import type { Ends } from '../request/ends.js';
import { announcementListeners } from './announcements.js';
import { Http1Capture } from './http1.js';
import { Http2Capture } from './http2.js';

/** Receives events of connections. Its methods never throw. */
export interface ConnectionWatch {
  /** A connection or an HTTP/2 stream begins. Called before an instrumentation sees its requests. */
  begin(): void;
  /** An HTTP/2 stream was announced. Called before its request begins, if the stream is a request. */
  beginStream(canCapture: boolean): void;
}

/** Captures every request to Node's `http`, `https` and `http2` servers. */
export interface Capture {
  /** Passes on a message that was published on a channel before this capture subscribed. */
  announce(channel: string, message: unknown): void;
  /** Stops capturing. Open requests end when their connections do. */
  stop(): void;
}

export function startCapture(watch: ConnectionWatch, ends: Ends): Capture {
  const http1 = new Http1Capture(watch, ends);
  const http2 = new Http2Capture(watch, ends);
  const listeners = new Map<string, ChannelListener>([
    [REQUEST_CHANNEL, channelListener(isRequestMessage, http1.begin)],
    [FINISH_CHANNEL, channelListener(isObject, http1.finish)],
    [STREAM_CHANNEL, channelListener(isStreamMessage, (message) => http2.begin(message))],
    [STREAM_CLOSE_CHANNEL, channelListener(isObject, (message) => http2.close(message))],
    ...announcementListeners(),
  ]);
  subscribe(listeners);
  return {
    announce: (channel, message) => listeners.get(channel)?.(message),
    stop: () => unsubscribe(listeners),
  };
}
