// For how long does the event loop stand still while a bulk is built and sent?
//
//   node tools/bench/stall.mjs [--rounds 7] [--quick]
//
// The longest turn of the event loop for each bulk of 100 hits, from the end of the requests to the answer; of a bulk that is only
// handed over to a dispatcher, and of one that is also written to a connection.
import { start, stop } from './lib/child-process.mjs';
import { spread } from './lib/figures.mjs';
import { quantile } from './lib/measure-latency.mjs';
import { only } from './lib/measure-parts.mjs';
import { runBench } from './lib/run-bench.mjs';

const WAYS = {
  own: "the bench's traffic, built and handed over",
  varied: '20,000 visitors with varied URLs, referrers and agents, built and handed over',
  sent: "the bench's traffic, built and sent with undici",
  readyMade: 'a ready-made Buffer, sent with undici',
};

function measureTurns(way, url) {
  if (way === 'readyMade') return only('stall-ready-made.mjs', [url]);
  return only('stall.mjs', way === 'sent' ? ['own', url] : [way]);
}

await runBench('stall', {
  prepare: () => start('sink.mjs', ['100']),
  end: (sink) => stop(sink.child),
  ways: Object.keys(WAYS),
  async measure(way, { prepared: sink }) {
    const { longest, templates } = await measureTurns(way, sink.ready);
    const median = quantile(longest, 0.5);
    return {
      median,
      p99: quantile(longest, 0.99),
      overTemplates: templates && median / quantile(templates, 0.5),
    };
  },
  summarize: (all) => ({
    figures: { 'stall-over-templates': all.map((round) => round.own.overTemplates) },
    rows: [
      [
        'longest turn for a bulk of 100 hits',
        'median in µs',
        'p99 in µs',
        'median, over template strings of 100 hits',
      ],
      ...Object.entries(WAYS).map(([way, name]) => [
        name,
        ...['median', 'p99'].map((of) =>
          spread(
            all.map((round) => round[way][of]),
            0,
          ),
        ),
        way === 'readyMade' ? '' : spread(all.map((round) => round[way].overTemplates)),
      ]),
    ],
  }),
});
