// How many hits a second can one process deliver to a Matomo that costs nothing?
//
//   node tools/bench/delivery.mjs [--over ae61b62] [--rounds 7] [--quick]
//
// From ended spans to answers, one bulk of 100 in flight; 'posted' is one ready-made Buffer again and again.
import { only, start, stop } from './lib/child-process.mjs';
import { runBench } from './lib/run-bench.mjs';

await runBench('delivery', {
  question: 'How many hits per second can one process deliver?',
  unit: 'hits per second',
  digits: 0,
  ways: {
    posted: { name: 'undici, ready-made Buffers' },
    'node:http': { name: 'node:http, ready-made Buffers', over: ['posted'] },
    plain: { name: 'this package, from ended spans', isOurs: true },
  },
  prepare: () => start('sink.mjs', { args: ['100'] }), // all bulks are of 100 hits
  end: (sink) => stop(sink.child),
  async measure(way, { folder, prepared: sink }) {
    const { perSecond } = await only('deliver.mjs', { args: [way, sink.ready], folder });
    return perSecond;
  },
});
