// What CPU time does a request cost a saturated server, all hits delivered?
//
//   node tools/bench/cpu.mjs [--rounds 7] [--quick]
//
// V8 goes on compiling what runs once for a hundred hits until some 200,000 requests have come, so that long is the warm-up.
import { fileURLToPath } from 'node:url';
import { start, stop } from './lib/child-process.mjs';
import { spread } from './lib/figures.mjs';
import { measureServer } from './lib/measure-server.mjs';
import { measuredIn, ratios, runBench } from './lib/run-bench.mjs';

const WAYS = {
  plain: '(a) node:http, no tracing',
  withoutTracing: 'node:http, this package without tracing',
  noop: '(b) OpenTelemetry, a processor that does nothing',
  otlp: '(c) OpenTelemetry, BatchSpanProcessor and OTLP exporter',
  otlpLarge: '(c) with a queue that drops nothing',
  package: 'OpenTelemetry, this package',
  packageBody: 'OpenTelemetry, this package, POST with a parsed body that names an operation',
  floor: 'OpenTelemetry, ready-made hits through undici',
  matomoTracker: 'node:http, track() of matomo-tracker',
};

/** It keeps a socket for each hit until the other side closes it: as many requests as others get would exhaust them. */
const FEWER_REQUESTS = 4000;

/** The benchmarks have OpenTelemetry's SDK installed, which `start` would use. */
const HIDES_SDK = fileURLToPath(
  new URL('../../test/support/apps/without-sdk.cjs', import.meta.url),
);

function amounts(way, quick) {
  if (way === 'matomoTracker') return { requests: FEWER_REQUESTS, warmUp: 500 };
  const nodeOptions = way === 'withoutTracing' ? ['--require', HIDES_SDK] : [];
  return quick
    ? { requests: 8000, warmUp: 3000, nodeOptions }
    : { requests: 48_000, warmUp: 180_000, nodeOptions };
}

const microsOf = (way) => (round) => round[way].micros;

await runBench('cpu', {
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  ways: Object.keys(WAYS),
  names: WAYS,
  references: ['plain', 'withoutTracing', 'otlpLarge', 'floor', 'matomoTracker'],
  measure: (way, { quick, prepared: sink }) => measureServer(way, sink, amounts(way, quick)),
  summarize: (all) => ({
    figures: {
      'cpu-over-noop': ratios(all, microsOf('package'), microsOf('noop')),
      'cpu-over-otlp': ratios(all, microsOf('package'), microsOf('otlp')),
    },
    rows: [
      ['server', 'µs CPU per request', 'over (b)', 'over (c)', 'spans dropped'],
      ...Object.entries(WAYS).map(([way, name]) => [
        name,
        spread(measuredIn(all, way).map(microsOf(way)), 1),
        spread(ratios(measuredIn(all, way), microsOf(way), microsOf('noop'))),
        spread(ratios(measuredIn(all, way), microsOf(way), microsOf('otlp'))),
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
