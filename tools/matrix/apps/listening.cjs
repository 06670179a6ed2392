// Preloaded: prints the address of the HTTP server that a framework starts. Vite first tries the port with another server, which it
// closes. This file requires nothing that `register` watches.
const { subscribe } = require('node:diagnostics_channel');

subscribe('tracing:net.server.listen:asyncEnd', ({ server }) => {
  if (server.listenerCount('request') === 0) return;
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
