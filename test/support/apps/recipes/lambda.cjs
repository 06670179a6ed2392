const { createHmac } = require('node:crypto');
const { start, trackHit } = require('opentelemetry-matomo');

// A request waits at most this long for Matomo.
const matomo = start({ exportTimeoutMillis: 2000 });

exports.handler = async function handler(event) {
  const began = performance.now();
  let statusCode = 500; // if answer throws
  try {
    const response = await answer(event);
    statusCode = response.statusCode;
    return response;
  } finally {
    track(event, statusCode, Math.round(performance.now() - began));
    await matomo.forceFlush();
  }
};

function track({ routeKey, rawPath, requestContext: { domainName, http } }, statusCode, millis) {
  const day = new Date().toISOString().slice(0, 10);
  trackHit({
    action_name: routeKey, // GET /users/{id}
    url: `https://${domainName}${rawPath}`,
    cid: createHmac('sha256', process.env.MATOMO_VISITOR_KEY)
      .update(`${day} ${http.sourceIp} ${http.userAgent}`)
      .digest('hex')
      .slice(0, 16),
    ua: http.userAgent,
    pf_srv: millis,
    ...(statusCode >= 400 && { dimension1: `${Math.floor(statusCode / 100)}xx ${routeKey}` }),
    dimension2: String(statusCode),
    dimension3: http.method,
    dimension4: routeKey.replace(/^\S+ /, ''),
    ...(process.env.MATOMO_TOKEN_AUTH && { cip: http.sourceIp }),
  });
}

/** What your function does. */
async function answer(event) {
  return { statusCode: 200, body: `User ${event.pathParameters.id}\n` };
}
