// What does this package add to a request of a server, beside six lines around matomo-tracker, and beside tracing with OTLP?
//
//   node tools/bench/by-hand.mjs [--over ae61b62] [--rounds 7] [--quick]
//
// The same server without any of them is subtracted.
import { start, stop } from './lib/child-process.mjs';
import { measureServer, QUICK, STEADY } from './lib/measure-server.mjs';
import { runBench } from './lib/run-bench.mjs';

await runBench('by-hand', {
  question: 'What CPU time does tracking add to a request, by hand and with this package?',
  unit: 'µs per request',
  ways: {
    plain: { name: 'node:http' },
    matomoTracker: { name: 'six lines around matomo-tracker', less: ['plain'] },
    otlp: { name: 'BatchSpanProcessor and OTLP exporter', less: ['plain'] },
    withoutTracing: {
      name: 'this package',
      isOurs: true,
      less: ['plain'],
      over: ['matomoTracker', 'otlp'],
    },
  },
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  measure: (way, { quick, folder, prepared: sink }) =>
    measureServer(way, { sink, folder, ...(quick ? QUICK : STEADY) }),
});
