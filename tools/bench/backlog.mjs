// Does a hit cost more where 100,000 others wait, or where 100,000 visitors take turns?
//
//   node tools/bench/backlog.mjs [--rounds 7] [--quick]
//
// From ended spans to answered bulks, without a network. All runs make 100,000 hits in bulks of ten.
import { spread } from './lib/figures.mjs';
import { only } from './lib/measure-parts.mjs';
import { ratios, runBench } from './lib/run-bench.mjs';

const CASES = {
  few: { args: ['10', '10'], name: '10 queued, 10 visitors' },
  backlog: { args: ['100000', '10'], name: '100,000 queued, 10 visitors' },
  visitors: { args: ['10', '100000'], name: '10 queued, 100,000 visitors' },
};

const microsOf = (name) => (round) => round[name];

await runBench('backlog', {
  ways: Object.keys(CASES),
  measure: (name) => only('backlog.mjs', CASES[name].args),
  summarize: (all) => ({
    figures: {
      'hit-in-backlog': ratios(all, microsOf('backlog'), microsOf('few')),
      'hit-of-many-visitors': ratios(all, microsOf('visitors'), microsOf('few')),
    },
    rows: [
      ['this package', 'µs CPU per hit', 'over few'],
      ...Object.entries(CASES).map(([key, { name }]) => [
        name,
        spread(all.map(microsOf(key)), 1),
        spread(ratios(all, microsOf(key), microsOf('few'))),
      ]),
    ],
  }),
});
