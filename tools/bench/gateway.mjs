// What does a span cost the gateway?
//
//   node tools/bench/gateway.mjs [--over ae61b62] [--rounds 7] [--quick]
//
// Including the delivery of hits, beside a receiver that gets the same exports as JSON and parses them. Then: how many of 20,000 requests a
// second does a gateway refuse that has its default options?
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { ask, start, stop } from './lib/child-process.mjs';
import { runBench } from './lib/run-bench.mjs';
import { createExports } from './parts/exports.mjs';

const SPANS = 512;
/** Enough for V8 to compile everything. All their hits are sent before the measurement begins. */
const WARM_UP = 400;

const OFFERED_A_SECOND = 20_000;
/** Every fourth span is a request. */
const REQUESTS = SPANS / 4;

await runBench('gateway', {
  question: 'What CPU time does a span cost the gateway?',
  unit: 'µs per span',
  digits: 2,
  ways: {
    json: { name: 'a receiver that only parses JSON' },
    gateway: { name: 'the gateway', isOurs: true, over: ['json'] },
  },
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  async measure(way, { quick, folder, prepared: sink }) {
    const exports = quick ? 100 : 400;
    const server = { args: [way, sink.ready], folder };
    const { child, ready: url } = await start('gateway-server.mjs', server);
    await sendExports(url, createExports(WARM_UP, SPANS, way));
    await ask(child, 'drain');
    const bodies = createExports(exports, SPANS, way);
    const before = await ask(child, 'cpu');
    await sendExports(url, bodies);
    const after = await ask(child, 'finish');
    await stop(child);
    return (after - before) / (exports * SPANS);
  },
});

await runBench('gateway-rate', {
  question: `Does a gateway accept ${OFFERED_A_SECOND} requests a second?`,
  unit: 'requests per second',
  digits: 0,
  maxRounds: 1,
  ways: {
    offered: { name: 'offered' },
    accepted: { name: 'accepted' },
    refused: { name: 'refused, 0 if the machine can take them' },
  },
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  async measureTogether([{ folder }], { quick, prepared: sink }) {
    const exports = ((quick ? 5 : 20) * OFFERED_A_SECOND) / REQUESTS;
    const server = { args: ['rate', sink.ready], folder };
    const { child, ready: url } = await start('gateway-server.mjs', server);
    await offerExports(url, createExports(WARM_UP, SPANS, 'rate'));
    await ask(child, 'drain');
    const offered = await offerExports(url, createExports(exports, SPANS, 'rate'));
    await ask(child, 'finish');
    await stop(child);
    return offered;
  },
});

/** Sends exports at a constant rate, whether or not they are answered. */
async function offerExports(url, { type, bodies }) {
  const pool = new Pool(url, { connections: 8, pipelining: 1 });
  const request = { path: '/v1/traces', method: 'POST', headers: { 'content-type': type } };
  let accepted = 0;
  const begun = performance.now();
  const sent = [];
  for (const [i, body] of bodies.entries()) {
    const due = begun + (i * REQUESTS * 1000) / OFFERED_A_SECOND;
    if (due > performance.now()) await sleep(due - performance.now());
    sent.push(
      pool.request({ ...request, body }).then(async (response) => {
        await response.body.dump();
        if (response.statusCode === 200) accepted += 1;
      }),
    );
  }
  await Promise.all(sent);
  const ofExports = (count) => (count * REQUESTS * 1000) / (performance.now() - begun);
  await pool.close();
  return {
    offered: ofExports(bodies.length),
    accepted: ofExports(accepted),
    refused: ofExports(bodies.length - accepted),
  };
}

/** Sends an export when the one before is answered. */
async function sendExports(url, { type, bodies }) {
  const pool = new Pool(url, { connections: 1, pipelining: 1 });
  const request = { path: '/v1/traces', method: 'POST', headers: { 'content-type': type } };
  for (const body of bodies) {
    const { statusCode, body: answer } = await pool.request({ ...request, body });
    await answer.dump();
    if (statusCode !== 200) throw new Error(`answered ${statusCode}`);
  }
  await pool.close();
}
