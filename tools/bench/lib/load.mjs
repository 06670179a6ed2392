import autocannon from 'autocannon';
import { createVariedRequests } from '../parts/requests.mjs';

const CONNECTIONS = 50;
const VARIED_REQUESTS = 20_000;
const PATHS = ['/users/1', '/users/2', '/orders?page=2', '/orders/17/items'];

/**
 * Sends requests as browsers do to a server, as fast as it answers; all must be answered. With `isVaried`, each connection has requests
 * of its own, as from a proxy: 20,000 with varied texts, of up to as many visitors.
 */
export async function load(url, amount, isVaried = false) {
  const varied = isVaried ? toRequests(createVariedRequests(VARIED_REQUESTS)) : [];
  let connected = 0;
  const { '2xx': answered } = await autocannon({
    url,
    amount,
    connections: CONNECTIONS,
    headers: {
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      'accept-language': 'de-DE,de;q=0.9,en;q=0.8',
      referer: 'https://shop.example/cart',
    },
    requests: PATHS.map((path) => ({ path })),
    ...(isVaried && {
      setupClient(client) {
        const from = (connected++ % CONNECTIONS) * (VARIED_REQUESTS / CONNECTIONS);
        client.setRequests(varied.slice(from, from + VARIED_REQUESTS / CONNECTIONS));
      },
    }),
  });
  if (answered !== amount) throw new Error(`${answered} of ${amount} requests were answered`);
}

function toRequests(requests) {
  return requests.map(({ path, query, userAgent, acceptLanguage, referrer, address }) => ({
    path: `${path}?${query}`,
    headers: {
      'user-agent': userAgent,
      'accept-language': acceptLanguage,
      referer: referrer,
      'x-forwarded-for': address,
    },
  }));
}
