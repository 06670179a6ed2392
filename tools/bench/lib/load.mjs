import autocannon from 'autocannon';

const CONNECTIONS = 50;
const PATHS = ['/users/1', '/users/2', '/orders?page=2', '/orders/17/items'];

/** Sends requests as browsers do to a server, as fast as it answers; all must be answered. */
export async function load(url, amount) {
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
  });
  if (answered !== amount) throw new Error(`${answered} of ${amount} requests were answered`);
}
