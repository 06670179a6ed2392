// What CPU time does a request cost a saturated server if visitors, URLs, referrers and user agents hardly repeat?
//
//   node tools/bench/cpu-varied.mjs [--rounds 7] [--quick]
import { start, stop } from './lib/child-process.mjs';
import { spread } from './lib/figures.mjs';
import { measureServer } from './lib/measure-server.mjs';
import { ratios, runBench } from './lib/run-bench.mjs';

const WAYS = {
  noop: '(b) OpenTelemetry, a processor that does nothing',
  proxied: 'OpenTelemetry, this package',
};

function amounts(quick) {
  const counts = quick ? { requests: 8000, warmUp: 3000 } : { requests: 48_000, warmUp: 180_000 };
  return { ...counts, isVaried: true };
}

const microsOf = (way) => (round) => round[way].micros;

await runBench('cpu-varied', {
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  ways: Object.keys(WAYS),
  names: WAYS,
  measure: (way, { quick, prepared: sink }) => measureServer(way, sink, amounts(quick)),
  summarize: (all) => ({
    figures: { 'varied-over-noop': ratios(all, microsOf('proxied'), microsOf('noop')) },
    rows: [
      ['20,000 visitors with varied texts', 'µs CPU per request', 'over (b)'],
      ...Object.entries(WAYS).map(([way, name]) => [
        name,
        spread(all.map(microsOf(way)), 1),
        spread(ratios(all, microsOf(way), microsOf('noop'))),
      ]),
    ],
  }),
});
