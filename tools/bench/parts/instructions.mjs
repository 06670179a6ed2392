// Hits of ready-made requests, from the announced request to the body of the bulk: `instructions.mjs <traffic> <hits>`. All in one
// thread, and nothing is sent, so that only instructions of hits are counted.
import { Delivery } from '../../../build/delivery/delivery.js';
import { createHitBuilder } from '../../../build/hit/hit-builder.js';
import { createFindIgnoreReason } from '../../../build/hit/ignore.js';
import { resolveOptions } from '../../../build/options/resolve-options.js';
import { PendingPageView } from '../../../build/pipeline/pending-hits.js';
import { createRequestReading } from '../../../build/requests/read-request.js';
import { trackRequests } from '../../../build/requests/track-requests.js';
import { createReplay } from './replay.mjs';
import { TRAFFIC } from './requests.mjs';

const BULK = 100;
const REQUESTS = 10_000;
const [traffic, hits] = process.argv.slice(2);

const silent = () => undefined;
const diagnostics = {
  info: silent,
  warn: silent,
  error: silent,
  warnOnce: silent,
  print: silent,
  lines: { add: silent, change: silent, flush: silent },
};
const options = resolveOptions(
  { url: 'http://127.0.0.1:9', siteId: 1, tokenAuth: 'bench', visitorKey: 'bench' },
  {},
  console,
);
const answer = {
  kind: 'answer',
  status: 200,
  contentType: 'application/json',
  body: `{"status":"success","tracked":${BULK},"invalid":0}`,
};
const transport = { send: async () => answer, sendSync: () => answer, close: async () => {} };
const delivery = new Delivery(options, transport, diagnostics);
const buildHits = createHitBuilder({ ...options, hasToken: true }, silent);
const findIgnoreReason = createFindIgnoreReason(options);

/** As the pipeline does, whose transport cannot be replaced. */
function addRequest(record) {
  if (record.ignored || findIgnoreReason(record.request) !== undefined) throw new Error('ignored');
  record.request.client?.remember();
  delivery.push(new PendingPageView(pipeline, record, 1));
}

const pipeline = {
  longestHoldMillis: 0,
  finalize(record, site, now) {
    record.close();
    return buildHits(record.request, site, now);
  },
};

const tracker = trackRequests({ addRequest }, createRequestReading(options, diagnostics));
const requests = TRAFFIC[traffic](REQUESTS);
const replay = createReplay(tracker, requests);
for (let done = 0; done < Number(hits); done += BULK) {
  const from = done % REQUESTS;
  replay(from, from + BULK);
  await delivery.flush();
}
if (delivery.counters.tracked !== Number(hits))
  throw new Error(`${delivery.counters.tracked} hits`);
await delivery.shutdown(1000);
tracker.stop();
