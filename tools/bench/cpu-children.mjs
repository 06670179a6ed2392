// What CPU time does a request with 20 child spans cost, none of which says anything for Matomo?
//
//   node tools/bench/cpu-children.mjs [--rounds 7] [--quick]
//
// The BatchSpanProcessor takes part twice: with the queue that it has by default, which loses most of the spans of a
// saturated server, and with one that loses none.
import { start, stop } from './lib/child-process.mjs';
import { spread } from './lib/figures.mjs';
import { measureServer } from './lib/measure-server.mjs';
import { measuredIn, ratios, runBench } from './lib/run-bench.mjs';

const CHILD_SPANS = 20;

const WAYS = {
  noop: '(b) OpenTelemetry, a processor that does nothing',
  otlp: '(c) BatchSpanProcessor and OTLP exporter, default queue',
  otlpLarge: '(c) with a queue that drops nothing',
  package: 'OpenTelemetry, this package',
  floor: 'OpenTelemetry, ready-made hits through undici',
};

const microsOf = (way) => (round) => round[way].micros;

await runBench('cpu-children', {
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  ways: Object.keys(WAYS),
  names: WAYS,
  references: ['otlp', 'floor'],
  measure(way, { quick, prepared: sink }) {
    const amounts = quick ? { requests: 4000, warmUp: 2000 } : { requests: 12_000, warmUp: 60_000 };
    return measureServer(way, sink, { ...amounts, childSpans: CHILD_SPANS });
  },
  summarize: (all) => ({
    figures: {
      'children-over-noop': ratios(all, microsOf('package'), microsOf('noop')),
      'children-over-otlp': ratios(all, microsOf('package'), microsOf('otlpLarge')),
    },
    rows: [
      ['server', 'µs CPU per request', 'over (b)', 'over (c) that drops nothing', 'spans dropped'],
      ...Object.entries(WAYS).map(([way, name]) => [
        name,
        spread(measuredIn(all, way).map(microsOf(way)), 1),
        spread(ratios(measuredIn(all, way), microsOf(way), microsOf('noop'))),
        spread(ratios(measuredIn(all, way), microsOf(way), microsOf('otlpLarge'))),
        way.startsWith('otlp')
          ? `${spread(
              measuredIn(all, way).map((round) => 100 * round[way].dropped),
              0,
            )} %`
          : '',
      ]),
    ],
  }),
});
