import { ask, start, stop } from './child-process.mjs';
import { load } from './load.mjs';

const WITHOUT_HITS = ['plain', 'noop', 'otlp'];
/** Spans of the warm-up at a time; all is delivered before the next, so that no queue grows beyond what it holds. */
const WARM_UP_SPANS = 250_000;

/** Until some 200,000 requests have come, V8 goes on compiling what runs once for a hundred hits. */
export const STEADY = { requests: 48_000, warmUp: 180_000 };
export const QUICK = { requests: 8000, warmUp: 3000 };

/** CPU microseconds a request of a fresh server under as much load as it takes, until all that it tracked was delivered. */
export async function measureServer(way, { sink, folder, ...amounts }) {
  const { requests, warmUp, childSpans = 0, spool = '', nodeOptions } = amounts;
  const args = [way, sink.ready, String(childSpans), spool];
  const { child, ready: url } = await start('http-server.mjs', { args, folder, nodeOptions });
  try {
    const step = Math.floor(WARM_UP_SPANS / (1 + childSpans));
    for (let left = warmUp; left > 0; left -= step) {
      await load(url, Math.min(left, step));
      await ask(child, 'begin');
    }
    const before = await ask(sink.child, 'count');
    await load(url, requests);
    const { micros, counts } = await ask(child, 'end');
    const hits = (await ask(sink.child, 'count')) - before;
    if (!WITHOUT_HITS.includes(way) && hits !== requests) {
      throw new Error(`${way}: ${hits} hits for ${requests} requests: ${JSON.stringify(counts)}`);
    }
    if (counts?.exported < counts?.ended) {
      process.stderr.write(` (${counts.ended - counts.exported} of ${counts.ended} spans dropped)`);
    }
    return micros / requests;
  } finally {
    await stop(child);
  }
}

/** Bytes that a request leaves in a server that has not sent anything yet. */
export async function measureHeld(way, requests, folder) {
  const args = [way, 'http://127.0.0.1:9', '0']; // nothing is sent
  const server = { args, folder, nodeOptions: ['--expose-gc'] };
  const { child, ready: url } = await start('http-server.mjs', server);
  await load(url, 2000);
  const before = await ask(child, 'bytes');
  await load(url, requests);
  const bytes = (await ask(child, 'bytes')) - before;
  await stop(child);
  return bytes / requests;
}
