// The hit of a request, made by this package and concatenated by hand: `hit.mjs <blocks> <passes>`. Both make the same
// bytes. Sends nanoseconds a hit for each.
import { measureFastestBlock } from '../lib/fastest-block.mjs';
import { buildHit, toHttpRequest } from './build-hit.mjs';
import { concatenateHit } from './concatenate-hit.mjs';
import { createRequests } from './requests.mjs';

const REQUESTS = 500;
const [blocks, passes] = process.argv.slice(2).map(Number);

const requests = createRequests(REQUESTS, 50).map(toHttpRequest);
for (const request of requests) {
  const [ours, byHand] = [buildHit(request), concatenateHit(request)].map(sorted);
  if (ours !== byHand) throw new Error(`the hits differ:\n${ours}\n${byHand}`);
}

/** The visitor ID apart, which is of a key that only the package knows. */
function sorted(hit) {
  const parameters = new URLSearchParams(hit.toString());
  parameters.set('cid', '');
  parameters.sort();
  return parameters.toString();
}

// One function for each task, so that no call site serves both.
const TASKS = {
  package() {
    let bytes = 0;
    for (const request of requests) bytes += buildHit(request).length;
    return bytes;
  },
  byHand() {
    let bytes = 0;
    for (const request of requests) bytes += concatenateHit(request).length;
    return bytes;
  },
};

const nanos = measureFastestBlock(TASKS, { blocks, passes, requests: REQUESTS });
process.on('disconnect', () => process.exit());
process.send(nanos);
