import { Agent, request as openRequest } from 'node:http';
import { Pool } from 'undici';

/** As long as a hit of this package for a browser's request. */
const HIT_BYTES = 720;

/** A bulk request of so many hits. */
export function toBody(hits) {
  const query = '?idsite=1&rec=1&url='.padEnd(HIT_BYTES, 'x');
  return Buffer.from(JSON.stringify({ requests: Array.from({ length: hits }, () => query) }));
}

/** Posts bodies through undici over one connection, one after the other, as fast as undici can. */
export function createPoster(url) {
  const { origin } = new URL(url);
  const pool = new Pool(origin, { connections: 1, pipelining: 1 });
  const request = {
    origin,
    path: '/matomo.php',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  };
  return (body) =>
    new Promise((resolve, reject) => {
      pool.dispatch(
        { ...request, body },
        {
          onRequestStart() {},
          onResponseStart() {},
          onResponseData() {},
          onResponseEnd: resolve,
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
}

/** The same through `node:http`. */
export function createNodePoster(url) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const options = { agent, method: 'POST', headers: { 'content-type': 'application/json' } };
  return (body) =>
    new Promise((resolve, reject) => {
      const request = openRequest(new URL('/matomo.php', url), options);
      request.on('error', reject).on('response', (response) => {
        response.resume().on('end', resolve);
      });
      request.end(body);
    });
}
