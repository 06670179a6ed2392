import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Inspector, InspectorOptions } from '../../src/inspector/index.js';
import { startMatomo } from '../support/matomo.js';

/** An inspector, until the end of the test. */
export const start: (options?: InspectorOptions) => Promise<Inspector> = startMatomo;

export function sendBulk(
  { url }: Inspector,
  requests: unknown,
  { token }: { token?: string } = {},
): Promise<Response> {
  return fetch(`${url}/matomo.php`, {
    method: 'POST',
    headers: { 'User-Agent': 'test/1' },
    body: JSON.stringify({ requests, token_auth: token }),
  });
}

/** A hit of site 1 as a query string; the parameters are encoded. */
export function hit(parameters: Record<string, string> = {}): string {
  return `?${new URLSearchParams({ idsite: '1', rec: '1', ...parameters })}`;
}

export interface WireRequest {
  readonly method?: string;
  readonly path?: string;
  /** `null` leaves one out that is sent otherwise. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body: string;
}

/** Sends a request with any headers. */
export async function sendWire(
  { url }: Inspector,
  { method = 'POST', path = '/matomo.php', headers, body }: WireRequest,
) {
  const sent = { 'User-Agent': 'recorder/1', 'Content-Type': 'application/json', ...headers };
  const given = Object.entries(sent).filter((header) => header[1] !== null);
  const all = {
    ...(Object.fromEntries(given) as Record<string, string>),
    'Content-Length': Buffer.byteLength(body),
  };
  const outgoing = request(url + path, { method, headers: all });
  const [response] = await once(outgoing.end(body), 'response');
  return { status: response.statusCode as number, body: await text(response) };
}
