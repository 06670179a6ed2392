// What all applications of other runtimes have in common: they answer the requests of the matrix, and print where they listen.
export function statusOf(method, path) {
  if (path === '/orders' && method === 'POST') return 201;
  if (path === '/fails') return 500;
  return /^\/users\/[^/]+$/.test(path) ? 200 : 404;
}

/** Without `close`, the application does not handle SIGTERM: other listeners do. */
export function announce(port, close) {
  console.log(`http://127.0.0.1:${port}`);
  if (!close) return;
  process.once('SIGTERM', async () => {
    await close();
    process.exit();
  });
}
