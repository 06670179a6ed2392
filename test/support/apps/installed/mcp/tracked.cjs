/** The transport, with `trackMcp` if the application is to use it. */
exports.tracked = (transport, visitor) => {
  if (!process.env.TRACK_MCP) return transport;
  return require('opentelemetry-matomo').trackMcp(transport, visitor);
};
