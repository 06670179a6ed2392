import { ConnectionReuse, IDLE_MILLIS } from './connection.js';
import { NodeClient, type NodeRequest } from './node-client.js';
import { proxyRouteOf } from './proxy.js';
import {
  type Exchange,
  headersOf,
  type Transport,
  type TransportOptions,
  timedOut,
} from './transport.js';

/** Sends through `node:http`, without `undici`. */
export function createNodeTransport(options: TransportOptions): Transport {
  const { url } = options;
  const reuse = new ConnectionReuse();
  let client: NodeClient | undefined;
  let idle: NodeJS.Timeout | undefined;
  let current: NodeRequest | undefined;
  let isClosed = false;

  function exchange(body: Buffer, isFresh: boolean, timeoutMillis: number): Promise<Exchange> {
    return new Promise((resolve) => {
      client ??= new NodeClient({
        url: url.href,
        headers: headersOf(options),
        proxy: proxyRouteOf(url, process.env),
      });
      const request = client.send(body, isFresh, {
        onClose: () => reuse.noteClose(),
        onEnd(result) {
          clearTimeout(timer);
          resolve(result);
        },
      });
      const timer = setTimeout(
        () => request.abort(timedOut(request.isSent(), timeoutMillis).error),
        timeoutMillis,
      ).unref();
      current = request;
    });
  }

  return {
    isSending: () => current?.isSent() ?? false,

    async send(body, timeoutMillis) {
      const isFresh = await reuse.next();
      if (isClosed) return { kind: 'not_sent', error: new Error('shutdown') };
      clearTimeout(idle);
      const result = await exchange(body, isFresh, timeoutMillis).catch(
        (error: Error): Exchange => ({ kind: 'not_sent', error }),
      );
      current = undefined;
      if (result.kind === 'answer') reuse.noteAnswer(isFresh);
      if (result.kind === 'not_sent') reuse.noteUnreachable();
      idle = setTimeout(() => client?.disconnect(), IDLE_MILLIS).unref();
      return result;
    },

    abort: (reason) => current?.abort(reason),

    async close() {
      isClosed = true;
      clearTimeout(idle);
      current?.abort(new Error('shutdown'));
      client?.disconnect();
    },
  };
}
