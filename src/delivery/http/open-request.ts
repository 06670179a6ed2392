import type { ClientRequest as Request, RequestOptions } from 'node:http';
import { ClientRequest } from '../../common/node-http.js';

interface Options extends RequestOptions {
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Opens a request that nothing else takes part in. Subscribers of `http.client.request.created`, such as Sentry, get every request of
 * the process, and add headers and listeners to it.
 */
export function openRequest(options: Options): Request {
  const opened = new ClientRequest(options).removeAllListeners();
  const { headers } = options;
  for (const name of opened.getHeaderNames()) {
    if (!Object.hasOwn(headers, name)) opened.removeHeader(name);
  }
  for (const [name, value] of Object.entries(headers)) opened.setHeader(name, value);
  return opened;
}
