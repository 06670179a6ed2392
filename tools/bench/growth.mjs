// Does a hit cost more if 100,000 visitors take turns?
//
//   node tools/bench/growth.mjs [--over ae61b62] [--rounds 7] [--quick]
import { only, start, stop } from './lib/child-process.mjs';
import { runBench } from './lib/run-bench.mjs';

await runBench('growth', {
  question: 'Does a hit cost more if there are many visitors?',
  unit: 'ns per hit',
  digits: 0,
  maxRounds: 5,
  ways: {
    '10 visitors': { name: 'this package, 10 visitors', isOurs: true },
    '100000 visitors': {
      name: 'this package, 100,000 visitors',
      isOurs: true,
      over: ['10 visitors'],
    },
  },
  prepare: () => start('sink.mjs', { args: ['100'] }), // all bulks are of 100 hits
  end: (sink) => stop(sink.child),
  async measure(way, { folder, prepared: sink }) {
    const { nanos } = await only('deliver.mjs', { args: [way, sink.ready], folder });
    return nanos;
  },
});
