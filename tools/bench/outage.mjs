// Does a server slow down while Matomo is unavailable? Event-loop delay, p99 of each second of a steady load. The median second
// counts, so that seconds in which other processes use the CPU do not affect the result.
//
//   node tools/bench/outage.mjs [--rounds 7] [--quick]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, start, stop } from './lib/child-process.mjs';
import { median, spread } from './lib/figures.mjs';
import { ratios, runBench } from './lib/run-bench.mjs';
import { steadyLoad } from './lib/steady-load.mjs';

const RATE = 6000;
const WARM_UP_SECONDS = 3;
const WAYS = {
  noop: '(b) a processor that does nothing',
  memory: 'this package, Matomo unavailable',
  spool: 'this package with a `spool`, Matomo unavailable',
};

const millisOf = (way) => (round) => round[way];

await runBench('outage', {
  async prepare() {
    const sink = await start('sink.mjs');
    await ask(sink.child, 'refuse');
    return sink;
  },
  end: (sink) => stop(sink.child),
  ways: Object.keys(WAYS),
  async measure(way, { quick, prepared: sink }) {
    const folder = mkdtempSync(join(tmpdir(), 'opentelemetry-matomo-bench-'));
    const { child, ready: url } = await start('soak-server.mjs', [way, sink.ready, folder]);
    try {
      await steadyLoad(url, RATE * WARM_UP_SECONDS, RATE);
      await ask(child, 'begin');
      await steadyLoad(url, RATE * (quick ? 3 : 5), RATE);
      const { seconds } = await ask(child, 'end');
      return median(seconds.map(({ p99 }) => p99));
    } finally {
      await stop(child);
      rmSync(folder, { recursive: true, force: true });
    }
  },
  summarize: (all) => ({
    figures: { 'delay-over-noop': ratios(all, millisOf('memory'), millisOf('noop')) },
    rows: [
      [`${RATE} requests per second`, 'event-loop delay, p99 in ms', 'over (b)'],
      ...Object.entries(WAYS).map(([way, name]) => [
        name,
        spread(all.map(millisOf(way))),
        spread(ratios(all, millisOf(way), millisOf('noop'))),
      ]),
    ],
  }),
});
