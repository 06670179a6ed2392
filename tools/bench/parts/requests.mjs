// Requests as browsers send them to a shop, each different, with texts of their own as from a parser.

const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
];

/** `visitors` addresses take turns. */
export function createRequests(count, visitors) {
  const begun = Date.now() - 60_000;
  return Array.from({ length: count }, (_, i) => toRequest(i, begun, visitors));
}

function toRequest(i, begun, visitors) {
  return {
    path: copy(`/users/${i % 977}/orders`),
    query: copy(`page=${i % 13}&sort=date`),
    route: '/users/:id/orders',
    host: copy('shop.example'),
    address: addressOf(i % visitors),
    userAgent: copy(AGENTS[i % AGENTS.length]),
    acceptLanguage: copy('de-DE,de;q=0.9,en;q=0.8'),
    referrer: copy(`https://shop.example/users/${i % 31}`),
    startMillis: begun + i,
    durationMillis: 1 + (i % 40),
  };
}

function addressOf(visitor) {
  return `10.${(visitor >> 16) & 255}.${(visitor >> 8) & 255}.${visitor & 255}`;
}

function copy(text) {
  return Buffer.from(text).toString();
}

/** Each with a URL and a referrer that no other one has. */
export function createDifferentRequests(count) {
  return createRequests(count, count).map((request, i) => ({
    ...request,
    path: copy(`/products/${scatter(i)}`),
    query: copy(`color=${i % 20}&item=${i}`),
    referrer: copy(`https://shop.example/products/${scatter(i + count)}?page=${i % 13}`),
  }));
}

/** The same number for the same one, in any order but that of counting. */
function scatter(n) {
  const mixed = Math.imul(n ^ (n >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 12)) >>> 0;
}
