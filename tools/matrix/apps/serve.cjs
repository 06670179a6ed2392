// Prints where a server listens, and closes it when stdin ends. It requires nothing: not even `http`, which would
// have it instrumented for an application that only imports it.
exports.serve = (server, close = () => undefined) => {
  const tell = () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
  if (server.listening) tell();
  else server.listen(0, '127.0.0.1', tell);
  process.stdin.resume().once('end', () => {
    server.close(close);
    server.closeAllConnections();
  });
};
