// What does it cost to build a hit?
//
//   node tools/bench/hit.mjs [--rounds 7] [--quick]
//
// From a request as it was read from spans to percent-encoded bytes, beside a template string that makes the same bytes and
// knows no option, no limit and no value that Matomo refuses.
import { spread } from './lib/figures.mjs';
import { measureHit } from './lib/measure-parts.mjs';
import { ratios, runBench } from './lib/run-bench.mjs';

const TASKS = { byHand: 'template string', package: 'this package' };

const nanosOf = (task) => (round) => round[task];

await runBench('hit', {
  measureRound: ({ quick }) => measureHit(quick),
  summarize: (all) => ({
    figures: { 'hit-over-concat': ratios(all, nanosOf('package'), nanosOf('byHand')) },
    rows: [
      ['hit built by', 'ns', 'over the template string'],
      ...Object.entries(TASKS).map(([task, name]) => [
        name,
        spread(all.map(nanosOf(task)), 0),
        spread(ratios(all, nanosOf(task), nanosOf('byHand'))),
      ]),
    ],
  }),
});
