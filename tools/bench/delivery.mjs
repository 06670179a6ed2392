// How many hits a second can one process deliver to a Matomo that costs nothing?
//
//   node tools/bench/delivery.mjs [--rounds 7] [--quick]
//
// This package begins with ended spans, and everything from there on counts; the ceiling posts one ready-made Buffer again
// and again, trackBulk() gets objects that are ready. One bulk of 100 in flight. The transport posts the ceiling's Buffer over a
// keep-alive connection: what it has less is the cost of waiting for an unannounced close before the connection is reused.
import { start, stop } from './lib/child-process.mjs';
import { spread } from './lib/figures.mjs';
import { only } from './lib/measure-parts.mjs';
import { measuredIn, ratios, runBench } from './lib/run-bench.mjs';

const WAYS = {
  ceiling: 'undici, ready-made Buffer (ceiling)',
  transport: 'the same through the transport of this package (keep-alive)',
  package: 'this package, from ended spans',
  varied: 'the same for 20,000 visitors with varied URLs, referrers and user agents',
  trackBulk: 'trackBulk() of matomo-tracker',
  track: 'track() of matomo-tracker, ten at a time',
};
const BULK = '100';

const rateOf = (way) => (round) => round[way].perSecond;

await runBench('delivery', {
  prepare: () => start('sink.mjs', [BULK]),
  end: (sink) => stop(sink.child),
  ways: Object.keys(WAYS),
  names: WAYS,
  references: ['transport', 'trackBulk', 'track'],
  measure: (way, { prepared: sink }) => only('deliver.mjs', [way, sink.ready]),
  summarize: (all) => ({
    figures: {
      'delivery-over-ceiling': ratios(all, rateOf('package'), rateOf('ceiling')),
      'varied-over-ceiling': ratios(all, rateOf('varied'), rateOf('ceiling')),
      'delivery-over-track-bulk': ratios(
        measuredIn(all, 'trackBulk'),
        rateOf('package'),
        rateOf('trackBulk'),
      ),
      'delivery-over-track': ratios(measuredIn(all, 'track'), rateOf('package'), rateOf('track')),
    },
    rows: [
      ['hits sent by', 'hits/s', 'µs CPU per hit', 'over the ceiling'],
      ...Object.entries(WAYS).map(([way, name]) => [
        name,
        spread(measuredIn(all, way).map(rateOf(way)), 0),
        spread(measuredIn(all, way).map((round) => round[way].micros)),
        spread(ratios(measuredIn(all, way), rateOf(way), rateOf('ceiling')), 3),
      ]),
    ],
  }),
});
