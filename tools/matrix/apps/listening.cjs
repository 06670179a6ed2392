// Preloaded: prints where a server that a framework starts listens. It requires nothing that `register` watches.
const { subscribe } = require('node:diagnostics_channel');

subscribe('tracing:net.server.listen:asyncEnd', ({ server }) => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
