import { channel } from 'node:diagnostics_channel';
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { MatomoOptions } from '../../src/options.js';
import { eventually } from './child-process.js';
import { listen } from './listen.js';
import { countAllRequests, startProcessor } from './senders.js';
import { decided } from './traced-service.js';

export const TRACKED = ['without tracing', 'with tracing'] as const;
export type Tracked = (typeof TRACKED)[number];

export type Handler = RequestListener;

/**
 * A server whose requests have SERVER spans, as an instrumentation makes them, or none. Over HTTP/2, the handler has the compatibility API,
 * and Node.js before 24 does not announce streams.
 */
export async function startBoth(
  tracked: Tracked,
  handle: Handler,
  { http = 1 as 1 | 2, options = {} as MatomoOptions, settings = {} as ServerOptions } = {},
) {
  const { processor, tracer, inspector } = await startProcessor(options);
  if (tracked === 'without tracing') countAllRequests();

  const listener: RequestListener = (request, response) => {
    if (tracked === 'with tracing') {
      const { method = 'GET', url = '/', headers } = request;
      const attributes = { 'http.request.method': method, 'url.path': url.replace(/\?.*/, '') };
      const span = tracer.startSpan(method, { kind: 1, attributes });
      const agent = headers['user-agent'];
      if (agent !== undefined) span.setAttribute('user_agent.original', agent);
      response.once('close', () => {
        span.setAttribute('http.response.status_code', response.statusCode).end();
      });
    }
    handle(request, response);
  };

  // No instrumentation, which another test may have left, sees this event.
  const http1 = () => createServer(settings).on('checkContinue', listener);
  const server = http === 1 ? http1() : startHttp2(listener);
  const url = await listen(server);
  return {
    url,
    port: Number(new URL(url).port),
    server: server as Server,
    /** The hits, once so many requests have been decided on. */
    async hitsOf(requests: number) {
      await eventually(() => decided(processor) >= requests);
      await processor.forceFlush();
      return inspector.hits();
    },
  };
}

/** As of Node.js 24, which announces each stream, and calls its handler in the async context of its request. */
function startHttp2(listener: Handler) {
  const server = createHttp2Server();
  server.on('stream', (stream, headers) => {
    channel('http2.server.stream.created').publish({ stream, headers });
    stream.once('close', () => channel('http2.server.stream.close').publish({ stream }));
  });
  return server.on('request', (request, response) => {
    const { stream } = request;
    stream.once('announced', () => listener(request as never, response as never));
    stream.emit('announced');
  });
}
