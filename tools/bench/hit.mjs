// What does it cost to make a hit of an ended span?
//
//   node tools/bench/hit.mjs [--over ae61b62] [--rounds 7] [--quick]
//
// From ended spans to answers, less what an ignored request and the posting of a ready-made bulk cost.
import { only, start, stop } from './lib/child-process.mjs';
import { runBench } from './lib/run-bench.mjs';

await runBench('hit', {
  question: 'What does it cost to make a hit?',
  unit: 'ns',
  digits: 0,
  ways: {
    posted: { name: 'undici, ready-made Buffers, per hit' },
    ignored: { name: 'this package, an ignored request', isOurs: true },
    plain: { name: 'a hit', isOurs: true, less: ['ignored', 'posted'] },
  },
  prepare: () => start('sink.mjs', { args: ['100'] }), // all bulks are of 100 hits
  end: (sink) => stop(sink.child),
  async measure(way, { folder, prepared: sink }) {
    const { nanos } = await only('deliver.mjs', { args: [way, sink.ready], folder });
    return nanos;
  },
});
