// How much longer does a process with tracing take to start?
//
//   node tools/bench/load.mjs [--over ae61b62] [--rounds 7] [--quick]
//
// Loading and setting up `opentelemetry-matomo/register` beside the OTLP exporter and its BatchSpanProcessor, after the API, the SDK and
// the http instrumentation. The fastest of several fresh processes in each round.
import { only } from './lib/child-process.mjs';
import { runBench } from './lib/run-bench.mjs';

await runBench('load', {
  question: 'How much longer does a process take to start?',
  unit: 'ms',
  ways: {
    otlp: { name: 'OTLP exporter' },
    package: {
      name: '`register`, and a server that listens',
      isOurs: true,
      over: ['otlp'],
    },
    preload: { name: '`register` in a process that starts no server', isOurs: true },
  },
  async measure(way, { quick, folder }) {
    const loads = [];
    for (let i = 0; i < (quick ? 3 : 7); i++) {
      loads.push(await only('load.cjs', { args: [way], folder }));
    }
    return Math.min(...loads.map(({ millis }) => millis));
  },
});
