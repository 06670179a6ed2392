import type { ServerResponse } from 'node:http';
import { IncomingMessage, OutgoingMessage, Socket } from '../common/node-http.js';
import { createHitBuilder } from '../hit/hit-builder.js';
import { resolveOptions } from '../options/resolve-options.js';
import { createRequestReading, readRequest } from '../request/read-request.js';
import { type ReadRequest, Request } from '../request/request.js';
import { createOptionCallbacks } from './callbacks.js';
import { createDecide } from './reasons.js';

const NOTHING = () => undefined;
const SILENT = { warnOnce: NOTHING, error: NOTHING };

const HEADERS = {
  host: 'example.com',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)',
  'accept-language': 'en-US,en;q=0.9',
  referer: 'https://example.com/?page=1',
};

/**
 * Makes hits of requests that nobody sent, with options of its own, and drops them. Otherwise the event loop stands still for 15 ms when
 * the first request ends: V8 compiles functions when they are first called, and expressions again with the second use.
 */
export function rehearse(): void {
  const options = resolveOptions({ url: 'http://localhost', siteId: 1 }, {}, SILENT);
  if (!options) return;
  const incoming = new IncomingMessage(new Socket());
  incoming.method = 'GET';
  incoming.rawHeaders = Object.entries(HEADERS).flat();
  // Of a `ServerResponse`, Node.js publishes that it was created.
  const response = Object.assign(new OutgoingMessage(), { statusCode: 200 }) as ServerResponse;
  const reading = createRequestReading(options, SILENT);
  const callbacks = createOptionCallbacks(options, SILENT);
  const decide = createDecide({ options, callbacks, diagnostics: SILENT });
  const all = { ...options, hasToken: true, visitorKey: '', beforeSend: undefined };
  const builder = createHitBuilder(all, NOTHING);
  for (const color of ['red', 'blue']) {
    const target = `/${color}/1?color=${color}`;
    const request = Request.ofNode(incoming, response, target);
    request.rpc = { route: `/${color}/:id` };
    request.http = readRequest(request, reading);
    if (!request.http) return;
    const { http, site } = decide(request as ReadRequest);
    builder.finish(builder.buildPageView(http, site, Date.now()), Date.now());
  }
}
