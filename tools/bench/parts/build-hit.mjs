// The one place of the benchmarks that knows how the package makes a hit: a request as read from spans, in; bytes, out.
import { createHitBuilder } from '../../../build/hit/hit-builder.js';
import { resolveOptions } from '../../../build/options/resolve-options.js';

const SITE = 1;

const options = resolveOptions(
  { url: 'http://127.0.0.1:9', siteId: SITE, tokenAuth: 'bench', visitorKey: 'bench' },
  {},
  console,
);
const buildHits = createHitBuilder({ ...options, hasToken: true }, (key) => {
  throw new Error(`the package complains about ${key}`);
});

export function buildHit(request) {
  const [hit] = buildHits(request, SITE, request.startMillis);
  return Buffer.from(hit.query, 'latin1');
}

export function toHttpRequest(request) {
  return {
    method: 'GET',
    path: request.path,
    query: request.query,
    route: request.route,
    host: request.host,
    scheme: 'https',
    address: request.address,
    statusCode: 200,
    aborted: false,
    userAgent: request.userAgent,
    acceptLanguage: request.acceptLanguage,
    referrer: request.referrer,
    clientHints: undefined,
    optedOut: 'no',
    spanName: 'GET',
    startMillis: request.startMillis,
    durationMillis: request.durationMillis,
    annotations: [],
    optionParameters: undefined,
  };
}
