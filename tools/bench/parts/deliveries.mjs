// Ways to take hits to Matomo, each a function of the sink's URL that makes one which delivers and resolves with how many.
// All bulks are of 100 hits.
import http from 'node:http';
import { createPoster } from './poster.mjs';
import { toBody } from './ready-made.mjs';
import { createReplay } from './replay.mjs';
import { createRequests, createVariedRequests } from './requests.mjs';

const BULK = 100;
const VISITORS = 200;
/** So few that they stay in the processor's caches, as what has just ended does: 5,000 made beforehand took 0.8 µs a hit to fetch. */
const REQUESTS = 500;

/** So many that visitors come again only after all others. */
const VARIED_REQUESTS = 40_000;

export const DELIVERIES = {
  ceiling,
  transport,
  package: (url) => ours(url, createRequests(REQUESTS, VISITORS)),
  varied: (url) => ours(url, createVariedRequests(VARIED_REQUESTS)),
  trackBulk,
  track,
};

function ceiling(url) {
  const BULKS = 1000;
  const post = createPoster(url);
  const body = toBody(BULK);
  return async () => {
    for (let i = 0; i < BULKS; i++) await post(body);
    return BULKS * BULK;
  };
}

/** What reusing a connection costs: the transport waits for a turn of the event loop before it does, undici alone for less. */
async function transport(url) {
  const { createUndiciTransport } = await import(
    '../../../build/delivery/http/undici-transport.js'
  );
  const BULKS = 1000;
  const target = new URL('/matomo.php', url);
  const { send } = createUndiciTransport({ url: target, userAgent: 'bench' });
  const body = toBody(BULK);
  return async () => {
    for (let i = 0; i < BULKS; i++) {
      const { kind } = await send(body, 30_000);
      if (kind !== 'answer') throw new Error(`a bulk was not answered: ${kind}`);
    }
    return BULKS * BULK;
  };
}

async function ours(url, requests) {
  const { MatomoSpanProcessor } = await import('opentelemetry-matomo');
  const BULKS = 500;
  const processor = new MatomoSpanProcessor({ url, siteId: 1, tokenAuth: 'bench' });
  const replay = createReplay(processor, requests);
  let delivered = 0;
  return async () => {
    for (let i = 0; i < BULKS; i++) {
      const from = delivered % requests.length;
      replay(from, from + BULK);
      await processor.forceFlush();
      delivered += BULK;
    }
    const { tracked } = processor.stats();
    if (tracked !== delivered) throw new Error(`${tracked} of ${delivered} hits were tracked`);
    return BULKS * BULK;
  };
}

async function trackBulk(url) {
  const BULKS = 250;
  const tracker = await createTracker(url);
  const events = createRequests(REQUESTS, VISITORS).map(toEvent);
  const send = (bulk) => new Promise((resolve) => tracker.trackBulk(bulk, resolve));
  return async () => {
    for (let i = 0; i < BULKS; i++) {
      const from = (i * BULK) % events.length;
      await send(events.slice(from, from + BULK));
    }
    return BULKS * BULK;
  };
}

/** It gives no sign of an answer, so its agent does; ten at a time. */
async function track(url) {
  const BURSTS = 100;
  const BURST = 10;
  const tracker = await createTracker(url);
  const events = createRequests(BURSTS * BURST, VISITORS).map(toEvent);
  let onAnswer;
  tracker.agent = {
    get: (target, done) =>
      http.get(target, (response) => {
        done(response);
        onAnswer();
      }),
  };
  const send = (event) =>
    new Promise((resolve) => {
      let open = event.length;
      onAnswer = () => {
        open -= 1;
        if (open === 0) resolve();
      };
      for (const each of event) tracker.track(each);
    });
  return async () => {
    for (let i = 0; i < BURSTS; i++) await send(events.slice(i * BURST, (i + 1) * BURST));
    return BURSTS * BURST;
  };
}

async function createTracker(url) {
  const { default: MatomoTracker } = await import('matomo-tracker');
  return new MatomoTracker(1, `${url}/matomo.php`);
}

/** The parameters that this package sends of such a request. */
function toEvent(request) {
  return {
    apiv: 1,
    bots: 1,
    action_name: `GET ${request.route}`,
    url: `https://${request.host}${request.path}?${request.query}`,
    urlref: request.referrer,
    ua: request.userAgent,
    lang: request.acceptLanguage,
    cdt: Math.floor(request.startMillis / 1000),
    cip: request.address,
    gt_ms: request.durationMillis,
    pf_srv: request.durationMillis,
    cvar: '{"1":["http_status_code","200"],"2":["http_method","GET"]}',
    cid: '0123456789abcdef',
  };
}
