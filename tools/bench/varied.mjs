// What CPU time does a request cost if visitors, URLs, referrers and user agents hardly repeat?
//
//   node tools/bench/varied.mjs [--over ae61b62] [--rounds 7] [--quick]
import { start, stop } from './lib/child-process.mjs';
import { measureServer, QUICK, STEADY } from './lib/measure-server.mjs';
import { runBench } from './lib/run-bench.mjs';

await runBench('varied', {
  question: 'What CPU time does a request cost with 20,000 visitors and varied texts?',
  unit: 'µs per request',
  ways: {
    noop: { name: '(b) a span processor that does nothing' },
    proxied: { name: 'this package', isOurs: true, over: ['noop'] },
  },
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  measure: (way, { quick, folder, prepared: sink }) =>
    measureServer(way, { sink, folder, isVaried: true, ...(quick ? QUICK : STEADY) }),
});
