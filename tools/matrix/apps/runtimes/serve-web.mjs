// What all applications of other runtimes have in common: they answer the requests of the matrix, print where they listen, and
// end when stdin ends.
export function statusOf(method, path) {
  if (path === '/orders' && method === 'POST') return 201;
  if (path === '/fails') return 500;
  return /^\/users\/[^/]+$/.test(path) ? 200 : 404;
}

export function announce(port, close) {
  console.log(`http://127.0.0.1:${port}`);
  process.stdin.resume().once('end', async () => {
    await close();
    process.exit();
  });
}
