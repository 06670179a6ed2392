const { start } = require('opentelemetry-matomo');

// By the IDs of your site: 2 is "MCP client", 3 is "Failed endpoint", 6 is "Client and failure".
start({
  beforeSend(hit) {
    if (hit.dimension3 === undefined) return hit;
    return { ...hit, dimension6: `${hit.dimension2 ?? 'unknown'}: ${hit.dimension3}` };
  },
});
