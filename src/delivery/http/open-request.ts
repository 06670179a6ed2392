import type { ClientRequest as Request, RequestOptions } from 'node:http';
import { ClientRequest } from '../../common/node-http.js';

/**
 * Opens a request that nothing else takes part in. Subscribers of `http.client.request.created`, such as Sentry, get every request of
 * the process, and add headers and listeners to it. `options` have no headers: Node.js shows them with NODE_DEBUG=http.
 */
export function openRequest(
  options: Omit<RequestOptions, 'headers'>,
  headers: Readonly<Record<string, string>>,
): Request {
  const opened = new ClientRequest({ ...options, setHost: false }).removeAllListeners();
  for (const name of opened.getHeaderNames()) opened.removeHeader(name);
  for (const name of Object.keys(headers)) opened.setHeader(name, headers[name] as string);
  return opened;
}
