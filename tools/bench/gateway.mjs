// What does a span cost the gateway?
//
//   node tools/bench/gateway.mjs [--over ae61b62] [--rounds 7] [--quick]
//
// Including the delivery of hits, beside a receiver that gets the same exports as JSON and parses them.
import { ask, start, stop } from './lib/child-process.mjs';
import { runBench } from './lib/run-bench.mjs';
import { createExports } from './parts/exports.mjs';
import { sendExports } from './parts/send-exports.mjs';

const SPANS = 512;
/** Enough for V8 to compile everything. All their hits are sent before the measurement begins. */
const WARM_UP = 400;

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
