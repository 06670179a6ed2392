import { setTimeout as sleep } from 'node:timers/promises';
import { ask, start, stop } from './child-process.mjs';
import { load } from './load.mjs';

/** Ways of tracking whose server does not know what has been delivered, so that the sink is asked. */
const TELLS_NOTHING = 'matomoTracker';
const WITHOUT_HITS = ['plain', 'noop', 'otlp', 'otlpLarge'];
const LONGEST_DELIVERY_MILLIS = 60_000;
/** Spans of the warm-up at a time; all is delivered before the next, so that no queue grows beyond what it holds. */
const WARM_UP_SPANS = 250_000;

/**
 * CPU microseconds a request of a fresh server under as much load as it takes, until everything that it tracked was
 * delivered, and which share of its spans was not.
 */
export async function measureServer(way, sink, amounts) {
  const { requests, warmUp, childSpans = 0, spool = '', nodeOptions = [], isVaried } = amounts;
  const args = [way, sink.ready, String(childSpans), spool];
  const { child, ready: url } = await start('http-server.mjs', args, nodeOptions);
  try {
    const step = Math.floor(WARM_UP_SPANS / (1 + childSpans));
    for (let left = warmUp; left > 0; left -= step) {
      await loadUntilArrived(url, way, sink, Math.min(left, step), isVaried);
      await ask(child, 'begin');
    }
    const before = await count(sink);
    await loadUntilArrived(url, way, sink, requests, isVaried);
    const { micros, counts } = await ask(child, 'end');
    const hits = (await count(sink)) - before;
    if (!WITHOUT_HITS.includes(way) && hits !== requests) {
      throw new Error(`${way}: ${hits} hits for ${requests} requests: ${JSON.stringify(counts)}`);
    }
    const dropped = counts?.ended === undefined ? 0 : 1 - counts.exported / counts.ended;
    if (way === 'otlpLarge' && dropped > 0)
      throw new Error(`${way} dropped ${dropped} of its spans`);
    return { micros: micros / requests, dropped };
  } finally {
    await stop(child);
  }
}

async function loadUntilArrived(url, way, sink, requests, isVaried) {
  const before = await count(sink);
  await load(url, requests, undefined, isVaried);
  if (way === TELLS_NOTHING) await arrived(sink, before + requests);
}

function count(sink) {
  return ask(sink.child, 'count');
}

async function arrived(sink, hits) {
  const giveUp = Date.now() + LONGEST_DELIVERY_MILLIS;
  while ((await count(sink)) < hits) {
    if (Date.now() > giveUp) throw new Error(`${hits} hits did not arrive`);
    await sleep(20);
  }
}
