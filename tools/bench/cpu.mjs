// What CPU time does a request cost a saturated server with tracing, all hits delivered?
//
//   node tools/bench/cpu.mjs [--over ae61b62] [--rounds 7] [--quick]
import { start, stop } from './lib/child-process.mjs';
import { measureServer, QUICK, STEADY } from './lib/measure-server.mjs';
import { runBench } from './lib/run-bench.mjs';

await runBench('cpu', {
  question: 'What CPU time does a request cost with tracing?',
  unit: 'µs per request',
  ways: {
    noop: { name: '(b) a span processor that does nothing' },
    otlp: { name: '(c) BatchSpanProcessor and OTLP exporter', over: ['noop'] },
    package: { name: 'this package', isOurs: true, over: ['noop', 'otlp'] },
  },
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  measure: (way, { quick, folder, prepared: sink }) =>
    measureServer(way, { sink, folder, ...(quick ? QUICK : STEADY) }),
});
