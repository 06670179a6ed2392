// What does a hit cost with options, and with an event, over a plain one?
//
//   node tools/bench/hit.mjs [--over ae61b62] [--rounds 7] [--quick]
//
// From ended spans to answers. What an ignored request and the posting of a ready-made bulk cost is subtracted, for an event a second
// posting, so that what is left is to make hits.
import { only, start, stop } from './lib/child-process.mjs';
import { runBench } from './lib/run-bench.mjs';

const TRACKED = { isOurs: true, less: ['ignored', 'posted'] };

await runBench('hit', {
  question: 'What does it cost to make a hit?',
  unit: 'ns',
  digits: 0,
  ways: {
    posted: { name: 'undici, ready-made Buffers, per hit' },
    ignored: { name: 'this package, an ignored request', isOurs: true },
    plain: { name: 'a plain hit', ...TRACKED },
    dimension: { name: 'a hit with a dimension', ...TRACKED, over: ['plain'] },
    userId: { name: 'a hit with a `userId` function', ...TRACKED, over: ['plain'] },
    timing: { name: 'a hit with a timing', ...TRACKED, over: ['plain'] },
    event: {
      name: 'a hit and an event',
      isOurs: true,
      less: ['ignored', 'posted', 'posted'],
      over: ['plain'],
    },
  },
  prepare: () => start('sink.mjs', { args: ['100'] }), // all bulks are of 100 hits
  end: (sink) => stop(sink.child),
  async measure(way, { folder, prepared: sink }) {
    const { nanos } = await only('deliver.mjs', { args: [way, sink.ready], folder });
    return nanos;
  },
});
