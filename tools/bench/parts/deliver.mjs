// Hits to a sink, as fast as it takes them: `deliver.mjs <way> <url of the sink> [<bulks>]`. Sends hits a second, and nanoseconds of CPU a
// hit, the best of several times: others use the machine too. Or delivers so many bulks, and sends their number.
import { load } from './package.mjs';
import { createNodePoster, createPoster, toBody } from './poster.mjs';
import { createReplay } from './replay.mjs';
import { createDifferentRequests, createRequests } from './requests.mjs';

/** V8 goes on compiling what runs once for a bulk until thousands have been sent. */
const WARM_UP_MILLIS = 4000;
const MEASURED_MILLIS = 3000;
const BULK = 100;
const BULKS = 300;
/** So few that they stay in the processor's caches, as what has just ended does: 5,000 made beforehand took 0.8 µs a hit to fetch. */
const SAME = 500;
const DIFFERENT = 20_000;

const [way, url, bulks] = process.argv.slice(2);
const requests =
  way === 'different' ? createDifferentRequests(DIFFERENT) : createRequests(SAME, 200);
const WAYS = {
  posted: () => postWith(createPoster(url)),
  'node:http': () => postWith(createNodePoster(url)),
  plain: () => track({}),
  different: () => track({}),
  ignored: () => track({ ignorePatterns: [/^\/users\//] }),
};

function postWith(post) {
  const body = toBody(BULK);
  return () => post(body);
}

function track(options) {
  const { MatomoSpanProcessor } = load('opentelemetry-matomo');
  const processor = new MatomoSpanProcessor({ url, siteId: 1, tokenAuth: 'bench', ...options });
  const replay = createReplay(processor, requests);
  let ended = 0;
  return async () => {
    const from = ended % requests.length;
    replay(from, from + BULK);
    await processor.forceFlush();
    ended += BULK;
    const { hits, tracked, ignored } = processor.stats();
    if (hits !== tracked || hits + ignored.pattern < ended) throw new Error('a hit is missing');
  };
}

process.on('disconnect', () => process.exit());
const deliver = WAYS[way]();
process.send(bulks === undefined ? await measure() : await deliverAll(Number(bulks)));

async function deliverAll(count) {
  for (let i = 0; i < count; i++) await deliver();
  return count;
}

async function measure() {
  const warm = performance.now() + WARM_UP_MILLIS;
  while (performance.now() < warm) await deliver();
  let perSecond = 0;
  let nanos = Number.POSITIVE_INFINITY;
  for (const end = performance.now() + MEASURED_MILLIS; performance.now() < end; ) {
    const begunCpu = process.cpuUsage();
    const begun = performance.now();
    await deliverAll(BULKS);
    perSecond = Math.max(perSecond, (BULKS * BULK * 1000) / (performance.now() - begun));
    const { user, system } = process.cpuUsage(begunCpu);
    nanos = Math.min(nanos, ((user + system) * 1000) / (BULKS * BULK));
  }
  return { perSecond, nanos };
}
