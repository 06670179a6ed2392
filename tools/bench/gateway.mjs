// What does a span cost the gateway, and how many does it take?
//
//   node tools/bench/gateway.mjs [--rounds 7] [--quick]
//
// What it is held against is a receiver that reads everything that an export says with the library alone. The gateway's own
// decoder, which remembers texts and makes nothing of what it does not need, is beside it: here it keeps all attributes.
import { ask, start, stop } from './lib/child-process.mjs';
import { spread } from './lib/figures.mjs';
import { measuredIn, ratios, runBench } from './lib/run-bench.mjs';
import { sendExports } from './lib/send-exports.mjs';
import { createExports } from './parts/exports.mjs';

const WAYS = {
  discards: 'a receiver that ignores bodies',
  reads: 'a receiver that only decodes, with the library',
  decodes: "the same with the gateway's own decoder",
  gateway: 'the gateway, including delivery of hits',
};
const SPANS = 512;
/** Enough for V8 to compile everything. All their hits are sent before the measurement begins. */
const WARM_UP = 400;

const microsOf = (way) => (round) => round[way].micros;
const rateOf = (way) => (round) => round[way].rate;

async function sendAll(url, bodies) {
  const strange = (await sendExports(url, bodies)).find((status) => status !== 200);
  if (strange !== undefined) throw new Error(`answered ${strange}`);
}

async function measure(way, matomo, count) {
  const { child, ready: url } = await start('gateway-server.mjs', [way, matomo]);
  await sendAll(url, createExports(WARM_UP, SPANS));
  await ask(child, 'drain');
  const bodies = createExports(count, SPANS);
  const before = await ask(child, 'cpu');
  const begun = performance.now();
  await sendAll(url, bodies);
  const seconds = (performance.now() - begun) / 1000;
  const after = await ask(child, 'finish');
  await stop(child);
  const spans = count * SPANS;
  return { micros: (after - before) / spans, rate: spans / seconds };
}

await runBench('gateway', {
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  ways: Object.keys(WAYS),
  names: WAYS,
  references: ['discards', 'decodes'],
  measure: (way, { quick, prepared: sink }) => measure(way, sink.ready, quick ? 100 : 400),
  summarize: (all) => ({
    figures: { 'gateway-over-decoding': ratios(all, microsOf('gateway'), microsOf('reads')) },
    rows: [
      ['receiver', 'spans per second', 'µs CPU per span', 'over decoding'],
      ...Object.entries(WAYS).map(([way, name]) => [
        name,
        spread(measuredIn(all, way).map(rateOf(way)), 0),
        spread(measuredIn(all, way).map(microsOf(way))),
        spread(ratios(measuredIn(all, way), microsOf(way), microsOf('reads'))),
      ]),
    ],
  }),
});
