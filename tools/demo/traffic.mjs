// The clients of the shop and their requests, the same in every run.

const get = (path, title) => ({ method: 'GET', path, title });
const list = get('/items', 'GET /items');
const item = (id) => get(`/items/${id}`, 'GET /items/:id');
const report = (month) => get(`/reports/${month}`, 'GET /reports/:month');
const stock = get('/stock/1', 'GET /stock/:id');
const impatientStock = { ...stock, leaves: true };
const recommendations = get('/recommendations', 'GET /recommendations');
const order = (plan) => ({
  method: 'POST',
  path: '/orders',
  title: 'Checkout',
  body: { item: 2, plan },
});
const toMcp = (method, params) => ({
  method: 'POST',
  path: '/mcp',
  body: { jsonrpc: '2.0', id: 1, method, params },
});
const findItems = {
  ...toMcp('tools/call', { name: 'find_items', arguments: {} }),
  title: 'MCP tools/call find_items',
};
const listTools = { ...toMcp('tools/list'), ignoredAs: 'MCP lists' };
const scan = (path) => get(path, 'GET Not Found');
/** No title: it must not make a hit. */
const health = { method: 'GET', path: '/health', ignoredAs: 'health checks' };
const styles = { method: 'GET', path: '/shop.css', ignoredAs: 'static files' };
const prefetch = {
  method: 'GET',
  path: '/items/2',
  headers: { 'Sec-Purpose': 'prefetch' },
  ignoredAs: 'prefetches',
};

/** Each client repeats its round, one request at a time; all clients run at the same time. */
const CLIENTS = [
  {
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
    language: 'de-DE,de;q=0.8',
    referrer: 'https://search.example/?q=lamp',
    round: [list, item(1), item(2), impatientStock, order('pro')],
  },
  {
    userAgent:
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    language: 'en-US,en;q=0.9',
    referrer: 'https://blog.example/desks',
    round: [list, styles, prefetch, item(3), recommendations, order('free')],
  },
  {
    userAgent: 'ShopApp/3.2 okhttp/5.3.0',
    language: 'fr-FR',
    round: [list, item(1), item(99), stock, recommendations],
  },
  { userAgent: 'python-requests/2.32.5', round: [report('2026-03'), report('2026-09'), list] },
  { userAgent: 'curl/8.17.0', round: [item(2), item(77)] },
  { userAgent: 'shop-assistant/1.4', round: [listTools, findItems] },
  { userAgent: 'zgrab/0.x', round: [scan('/wp-login.php'), scan('/.env')] },
  { userAgent: 'load-balancer/1.0', round: [health, health] },
  {
    userAgent:
      'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot',
    chatbot: 'ChatGPT-User',
    round: [list, item(1), item(77)],
  },
  {
    userAgent:
      'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +Claude-User@anthropic.com)',
    chatbot: 'Claude-User',
    round: [list, item(3)],
  },
];
const ROUNDS = 14;

/** Every client with its steps, in order. */
export function planTraffic() {
  return CLIENTS.map(({ userAgent, language, referrer, chatbot, round }) => ({
    headers: {
      'User-Agent': userAgent,
      ...(language ? { 'Accept-Language': language } : {}),
      ...(referrer ? { Referer: referrer } : {}),
    },
    steps: Array.from({ length: ROUNDS }, () => round)
      .flat()
      .map((step) => (chatbot ? { ...step, title: chatbot } : step)),
  }));
}
