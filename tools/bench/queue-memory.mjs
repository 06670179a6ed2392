// What heap and buffers does a hit take that waits for Matomo, beside an ended span that waits for a collector?
//
//   node tools/bench/queue-memory.mjs [--rounds 7] [--quick]
//
// Real requests to a real server; what a server keeps that queues nothing is taken off.
import { spread } from './lib/figures.mjs';
import { measureHeld } from './lib/measure-parts.mjs';
import { ratios, runBench } from './lib/run-bench.mjs';

const HELD = { held: 'ended span, as BatchSpanProcessor queues it', queued: 'hit of this package' };

const bytesOf = (way) => (round) => round[way] - round.noop;

await runBench('queue-memory', {
  ways: ['noop', ...Object.keys(HELD)],
  measure: (way, { quick }) => measureHeld(way, quick ? 3000 : 7500),
  summarize: (all) => ({
    figures: { 'queued-over-span': ratios(all, bytesOf('queued'), bytesOf('held')) },
    rows: [
      ['queued', 'bytes each', 'over a span'],
      ...Object.entries(HELD).map(([way, name]) => [
        name,
        spread(all.map(bytesOf(way)), 0),
        spread(ratios(all, bytesOf(way), bytesOf('held'))),
      ]),
    ],
  }),
});
