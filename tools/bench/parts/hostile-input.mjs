// Milliseconds that one request takes whose headers and target have 16 kB of the worst, by case: `hostile-input.mjs <passes>`.

import { createHitBuilder } from '../../../build/hit/hit-builder.js';
import { createFindIgnoreReason } from '../../../build/hit/ignore.js';
import { resolveOptions } from '../../../build/options/resolve-options.js';
import { assembleRequests } from '../../../build/requests/assemble-requests.js';
import { createRequestReading } from '../../../build/requests/read-request.js';

const SIZE = 16 * 1024;
const [passes] = process.argv.slice(2).map(Number);

/** The whole of what a caller sends may have 16 kB: Node.js refuses longer headers. */
const CASES = {
  'Sec-CH-UA of quotes': { 'sec-ch-ua': filled('"\\"') },
  'Sec-CH-UA of brands': { 'sec-ch-ua': filled('"a";v="1",') },
  'query of names': { query: numbered('&') },
  'query of names behind semicolons': { query: numbered(';') },
  'query of encoded secrets': { query: filled('r=%2F%3Fa%3D%25&token=1&') },
  'query of layers': { query: `a=%${filled('25')}` },
  'path of matrix parameters': { path: `/${numbered(';')}` },
  'path of letters': { path: `/${filled('a')}` },
  referrer: { referer: `https://h/?${numbered('&')}` },
  'referrer of matrix parameters': { referer: `https://h/;${numbered(';')}` },
  'X-Forwarded-For of proxies': { 'x-forwarded-for': filled('::1,') },
  'User-Agent': { 'user-agent': filled('a') },
  cookies: { cookie: filled('; _pk_id.1.aaaa') },
};

const options = resolveOptions(
  {
    url: 'http://127.0.0.1:9',
    siteId: 1,
    tokenAuth: 'bench',
    trustProxy: ['loopback'],
    visitorId: 'cookie',
    ignorePatterns: [/a*b/],
    redactPathPatterns: [/a*b/],
  },
  {},
  console,
);
const reading = createRequestReading(options, console);
const findIgnoreReason = createFindIgnoreReason(options);
const buildHits = createHitBuilder(
  { ...options, hasToken: true, visitorKey: 'bench' },
  () => undefined,
);

function filled(unit) {
  return unit.repeat(Math.ceil(SIZE / unit.length)).slice(0, SIZE);
}

/** Names of which none comes again, so that nothing that is remembered helps. */
function numbered(separator) {
  const count = SIZE / 8;
  return Array.from({ length: count }, (_, i) => `n${(1e5 + i).toString(36)}=1`).join(separator);
}

function spanOf({ path = '/', query = '', ...headers }) {
  const attributes = {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'url.path': path,
    'url.query': query,
    'url.scheme': 'http',
    'network.peer.address': '127.0.0.1',
  };
  for (const [name, value] of Object.entries(headers)) {
    attributes[`http.request.header.${name}`] = [value];
  }
  return {
    name: 'GET',
    kind: 1,
    startTime: [1_700_000_000, 0],
    duration: [0, 1_000_000],
    attributes,
    status: { code: 0 },
    spanContext: () => ({ traceId: '1'.repeat(32), spanId: '1'.repeat(16) }),
  };
}

function track(span) {
  const [{ record }] = assembleRequests([span], reading);
  findIgnoreReason(record.request);
  return buildHits(record.request, 1, Date.now());
}

/** The slowest request of all, which includes the first one; passing time, as the event loop sees it. */
const millis = {};
for (const [name, given] of Object.entries(CASES)) {
  const span = spanOf(given);
  const times = [];
  for (let pass = 0; pass < passes; pass++) {
    const begun = performance.now();
    track(span);
    times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  millis[name] = { median: times[passes >> 1], most: times.at(-1) };
}
process.on('disconnect', () => process.exit());
process.send(millis);
