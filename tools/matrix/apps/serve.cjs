// Prints where a server listens. At SIGTERM an application that traces itself closes its server, so that its own exporter can
// send what it has; the others leave the signal to whoever listens. It requires nothing: not even `http`, which would
// have it instrumented for an application that only imports it.
exports.serve = (server, close = () => undefined) => {
  const tell = () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
  if (server.listening) tell();
  else server.listen(0, '127.0.0.1', tell);
  if (!process.env.CLOSE_AT_SIGTERM) return;
  process.once('SIGTERM', () => {
    server.close(close);
    server.closeAllConnections();
  });
};
