// For how long does the event loop stand still while a bulk is built and sent?
//
//   node tools/bench/stall.mjs [--over ae61b62] [--rounds 7] [--quick]
//
// `first`: the first hit of a server that listens, also when its request ends; the median of seven processes.
//
// The longest turn of the event loop for each bulk of 100 hits, from the end of the requests to the answer; the median of many bulks.
// Writing to a loopback connection takes long, since it wakes the process that reads: ready-made bulks show how long.
import { only, start, stop } from './lib/child-process.mjs';
import { median } from './lib/figures.mjs';
import { runBench } from './lib/run-bench.mjs';

await runBench('stall', {
  question: 'How long is the event loop blocked while a bulk of 100 hits is built and sent?',
  unit: 'µs',
  digits: 0,
  maxRounds: 3,
  ways: {
    readyMade: { name: 'undici, a ready-made Buffer' },
    package: { name: 'this package', isOurs: true, over: ['readyMade'] },
    varied: {
      name: 'the same with 20,000 visitors and varied texts',
      isOurs: true,
      over: ['readyMade'],
    },
    first: { name: 'the first hit of a server', isOurs: true },
  },
  prepare: () => start('sink.mjs', { args: ['100'] }),
  end: (sink) => stop(sink.child),
  async measure(way, { quick, folder, prepared: sink }) {
    const figures = [];
    for (let i = 0; i < (way === 'first' ? 7 : 1); i++) {
      const args = [way, sink.ready, quick ? '200' : '1000'];
      figures.push(await only('stall.mjs', { args, folder }));
    }
    return median(figures);
  },
});
