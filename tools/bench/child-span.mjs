// What does a child span cost that says nothing for Matomo, in a direct call inside of an open request?
//
//   node tools/bench/child-span.mjs [--rounds 7] [--quick]
//
// onStart and onEnd of this package, beside onEnd of the BatchSpanProcessor, which puts the span into its queue.
import { spread } from './lib/figures.mjs';
import { measureChildSpan } from './lib/measure-parts.mjs';
import { ratios, runBench } from './lib/run-bench.mjs';

const TASKS = {
  batch: 'BatchSpanProcessor, onEnd',
  matomo1: 'this package, onStart and onEnd, 1 attribute',
  matomo5: 'the same, 5 attributes',
};

const nanosOf = (task) => (round) => round[task].nanos;
const bytesOf = (task) => (round) => round[task].bytes;

await runBench('child-span', {
  measureRound: ({ quick }) => measureChildSpan(quick),
  summarize: (all) => ({
    figures: {
      'child-over-batch': ratios(all, nanosOf('matomo1'), nanosOf('batch')),
      'child-bytes': all.map(bytesOf('matomo1')),
    },
    rows: [
      ['span', 'ns', 'over BatchSpanProcessor', 'bytes allocated'],
      ...Object.entries(TASKS).map(([task, name]) => [
        name,
        spread(all.map(nanosOf(task)), 1),
        spread(ratios(all, nanosOf(task), nanosOf('batch'))),
        spread(all.map(bytesOf(task)), 1),
      ]),
    ],
  }),
});
