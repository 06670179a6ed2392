// Hits besides page views, and requests that are left out: `further-hits.mjs <blocks> <passes>`. Sends nanoseconds for each.
import { hash } from 'node:crypto';
import { checkFurtherHit, createFurtherHitBuilder } from '../../../build/hit/further-hit.js';
import { createHitBuilder } from '../../../build/hit/hit-builder.js';
import { Client } from '../../../build/hit/visitor/client.js';
import { resolveOptions } from '../../../build/options/resolve-options.js';
import { createHitPipeline } from '../../../build/pipeline/hit-pipeline.js';
import { RequestRecord } from '../../../build/requests/request-record.js';
import { measureFastestBlock } from '../lib/fastest-block.mjs';
import { toHttpRequest } from './build-hit.mjs';
import { createRequests } from './requests.mjs';

const SITE = 1;
const REQUESTS = 500;
const [blocks, passes] = process.argv.slice(2).map(Number);
const given = { url: 'http://127.0.0.1:9', siteId: SITE, tokenAuth: 'bench', visitorKey: 'bench' };
const options = { ...resolveOptions(given, {}, console), hasToken: true };

function complain(key) {
  throw new Error(`the package complains about ${key}`);
}
const buildHits = createHitBuilder(options, complain);
const { buildHit } = createFurtherHitBuilder(options, buildHits, complain);
const clients = new Map();
const requests = createRequests(REQUESTS, 50).map((planned) => {
  const request = toHttpRequest(planned);
  request.client = clientOf(planned); // a copy with `...` would be slow to read with Node.js 20
  return request;
});

/** All requests of a client share one object, as those that Node.js has received. */
function clientOf({ userAgent, acceptLanguage }) {
  const known = clients.get(userAgent) ?? new Client(userAgent, acceptLanguage);
  clients.set(userAgent, known);
  return known;
}

/** A batch is encoded at once. */
const toBytes = (queries) => Buffer.from(queries, 'latin1').length;

const parameters = { e_c: 'Search', e_a: 'no results', e_n: 'blue shoes', e_v: 2 };

function toPage(request) {
  return buildHits(request, SITE, request.startMillis)[0].query;
}

function toEvent(request) {
  const event = { parameters, epochMillis: request.startMillis };
  const checked = checkFurtherHit(event, options, complain);
  return buildHit(checked, request, SITE, request.startMillis).query;
}

const span = {
  name: 'GET',
  kind: 1,
  startTime: [1, 0],
  duration: [0, 1],
  attributes: {},
  status: { code: 0 },
  spanContext: () => ({ traceId: '1', spanId: '2', traceFlags: 1 }),
};

/** Adds a request that has ended, as a processor does. */
function createAdd(own) {
  const { pipeline } = createHitPipeline({ ...given, ...own }, console, 'matomo_span_processor');
  return function add(request) {
    const record = new RequestRecord(request.startMillis);
    record.request = request;
    pipeline.addRequest(record, span);
    if (pipeline.stats === undefined) throw new Error('no pipeline');
  };
}
const addIgnored = createAdd({ ignorePaths: requests.map(({ path }) => path) });
const addUnsampled = createAdd({ sampleRate: 1e-9, ignorePaths: ['/none'] });

// One function for each task, so that no call site serves both.
const TASKS = {
  page() {
    let bytes = 0;
    for (const request of requests) bytes += toBytes(toPage(request));
    return bytes;
  },
  pageAndEvent() {
    let bytes = 0;
    for (const request of requests) {
      const page = toPage(request);
      bytes += toBytes(page + toEvent(request));
    }
    return bytes;
  },
  ignored() {
    for (const request of requests) addIgnored(request);
  },
  unsampled() {
    for (const request of requests) addUnsampled(request);
  },
  hash() {
    let sum = 0;
    for (const { userAgent = '' } of requests) {
      sum += Number.parseInt(hash('sha256', userAgent.slice(0, 16), 'hex').slice(0, 8), 16);
    }
    return sum;
  },
};

const nanos = measureFastestBlock(TASKS, { blocks, passes, requests: REQUESTS });
process.on('disconnect', () => process.exit());
process.send(nanos);
