const { createHmac } = require('node:crypto');
const { start, trackHit } = require('opentelemetry-matomo');

// A request waits at most this long for Matomo.
const matomo = start({ exportTimeoutMillis: 2000 });

exports.handler = async function handler(event) {
  const began = performance.now();
  const response = await answer(event);
  const { domainName, http } = event.requestContext;
  const day = new Date().toISOString().slice(0, 10);
  trackHit({
    action_name: event.routeKey, // GET /users/{id}
    url: `https://${domainName}${event.rawPath}`,
    cid: createHmac('sha256', process.env.MATOMO_VISITOR_KEY)
      .update(`${day} ${http.sourceIp} ${http.userAgent}`)
      .digest('hex')
      .slice(0, 16),
    ua: http.userAgent,
    pf_srv: Math.round(performance.now() - began),
    dimension2: String(response.statusCode),
    dimension3: http.method,
  });
  await matomo.forceFlush();
  return response;
};

/** What your function does. */
async function answer(event) {
  return { statusCode: 200, body: `User ${event.pathParameters.id}\n` };
}
