// Prints the URL of a server. On SIGTERM, an application that traces itself closes its server, so that its own exporter can flush;
// the others do not handle the signal. This file must not require `http`: that would instrument it for applications that only
// import it.
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
