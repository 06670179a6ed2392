// What CPU time does a request cost without tracing, over a server of Node.js alone?
//
//   node tools/bench/bare.mjs [--over ae61b62] [--rounds 7] [--quick]
//
// In the steady state, and early in the life of a process, when V8 still compiles.
import { start, stop } from './lib/child-process.mjs';
import { measureServer, QUICK, STEADY } from './lib/measure-server.mjs';
import { runBench } from './lib/run-bench.mjs';

const EARLY = { requests: 16_000, warmUp: 8000 };

await runBench('bare', {
  question: 'What CPU time does a request cost without tracing?',
  unit: 'µs per request',
  ways: {
    plain: { name: 'node:http' },
    withoutTracing: { name: 'this package', isOurs: true, over: ['plain'] },
    'plain early': { name: 'node:http, requests 8,000 to 24,000' },
    'withoutTracing early': {
      name: 'this package, requests 8,000 to 24,000',
      isOurs: true,
      over: ['plain early'],
    },
  },
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  measure(way, { quick, folder, prepared: sink }) {
    const [tracker, isEarly] = way.split(' ');
    const steady = quick ? QUICK : STEADY;
    return measureServer(tracker, { sink, folder, ...(isEarly ? EARLY : steady) });
  },
});
