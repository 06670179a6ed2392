// What does an event cost beside its page view, and a request that is not in the sample?
//
//   node tools/bench/further-hits.mjs [--rounds 7] [--quick]
//
// Page views and events from a request as it was read from spans to bytes. Requests that are left out: all that the pipeline does
// with them when they have ended.
import { spread } from './lib/figures.mjs';
import { only } from './lib/measure-parts.mjs';
import { ratios, runBench } from './lib/run-bench.mjs';

const TASKS = {
  page: 'a page view',
  pageAndEvent: 'a page view and an event',
  ignored: 'a request that is excluded by its path',
  unsampled: 'a request whose visitor is not in the sample',
  hash: 'the hash of a visitor',
};

const nanosOf = (task) => (round) => round[task];
const ignoredAndHash = (round) => round.ignored + round.hash;

await runBench('further-hits', {
  measureRound: ({ quick }) => only('further-hits.mjs', quick ? ['5', '20'] : ['9', '60']),
  summarize: (all) => ({
    figures: {
      'event-over-page': ratios(all, nanosOf('pageAndEvent'), nanosOf('page')),
      'unsampled-over-ignored': ratios(all, nanosOf('unsampled'), ignoredAndHash),
    },
    rows: [
      ['what', 'ns'],
      ...Object.entries(TASKS).map(([task, name]) => [name, spread(all.map(nanosOf(task)), 0)]),
    ],
  }),
});
