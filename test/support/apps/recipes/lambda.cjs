const { hash } = require('node:crypto');
const { start, trackHit } = require('opentelemetry-matomo');

const { MATOMO_SITE_ID, MATOMO_TOKEN_AUTH, MATOMO_VISITOR_KEY } = process.env;
if (!MATOMO_VISITOR_KEY) throw new Error('set MATOMO_VISITOR_KEY'); // at the start, not in a request

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
  const place = placeOf(routeKey, rawPath, statusCode);
  const day = Math.floor(Date.now() / 86_400_000);
  const client = [day, Number(MATOMO_SITE_ID), http.sourceIp, http.userAgent];
  trackHit({
    action_name: `${http.method} ${place}`, // GET /users/{id}
    url: `https://${domainName}${rawPath}`,
    cid: hash('sha256', hash('sha256', MATOMO_VISITOR_KEY) + JSON.stringify(client)).slice(0, 16),
    ua: http.userAgent,
    pf_srv: millis,
    ...(statusCode >= 400 && {
      dimension1: `${Math.floor(statusCode / 100)}xx ${http.method} ${place}`,
    }),
    dimension2: String(statusCode),
    dimension3: http.method,
    dimension4: place,
    ...(MATOMO_TOKEN_AUTH && { cip: http.sourceIp }),
  });
}

/** A function URL and the route `$default` name no route: then the path, in which every part with a digit is an ID. */
function placeOf(routeKey, rawPath, statusCode) {
  if (routeKey !== '$default') return routeKey.replace(/^\S+ /, '');
  if (statusCode === 404) return 'Not Found'; // scanners try any path
  const parts = rawPath.split('/');
  return parts.map((part) => (/\d/.test(part) ? ':id' : part)).join('/');
}

/** What your function does. */
async function answer(event) {
  return { statusCode: 200, body: `User ${event.pathParameters.id}\n` };
}
