// What CPU time does a request with 20 child spans cost, none of which has anything for Matomo?
//
//   node tools/bench/children.mjs [--over ae61b62] [--rounds 7] [--quick]
import { start, stop } from './lib/child-process.mjs';
import { measureServer } from './lib/measure-server.mjs';
import { runBench } from './lib/run-bench.mjs';

const QUICK = { requests: 4000, warmUp: 2000 };
const STEADY = { requests: 12_000, warmUp: 60_000 };

await runBench('children', {
  question: 'What CPU time does a request with 20 child spans cost?',
  unit: 'µs per request',
  ways: {
    noop: { name: '(b) a span processor that does nothing' },
    package: { name: 'this package', isOurs: true, over: ['noop'] },
  },
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  measure: (way, { quick, folder, prepared: sink }) =>
    measureServer(way, { sink, folder, childSpans: 20, ...(quick ? QUICK : STEADY) }),
});
