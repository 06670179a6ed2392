// What CPU time does a request cost a saturated server whose hits wait on disk, or in Redis where there is a redis-server?
//
//   node tools/bench/spool.mjs [--rounds 7] [--quick]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start, stop } from './lib/child-process.mjs';
import { spread } from './lib/figures.mjs';
import { measureServer } from './lib/measure-server.mjs';
import { startRedis } from './lib/redis.mjs';
import { ratios, runBench } from './lib/run-bench.mjs';

const redis = await startRedis();
const WAYS = {
  package: 'hits queued in memory',
  spool: 'hits in a spool on disk',
  ...(redis && { redis: 'hits in a spool in Redis' }),
};

const microsOf = (way) => (round) => round[way].micros;

/** Each server in Redis has a database of its own: the one before it has ended without giving up its lease. */
function measure(way, sink, amounts, round) {
  if (way !== 'redis') return measureInFolder(way, sink, amounts);
  return measureServer('spool', sink, { ...amounts, spool: `${redis.url}/${round % 16}` });
}

async function measureInFolder(way, sink, amounts) {
  const spool = mkdtempSync(join(tmpdir(), 'opentelemetry-matomo-bench-'));
  try {
    return await measureServer(way, sink, { ...amounts, spool });
  } finally {
    rmSync(spool, { recursive: true, force: true });
  }
}

await runBench('spool', {
  prepare: () => start('sink.mjs'),
  end: (sink) => Promise.all([stop(sink.child), redis?.stop()]),
  ways: Object.keys(WAYS),
  measure(way, { round, quick, prepared: sink }) {
    const amounts = quick ? { requests: 8000, warmUp: 3000 } : { requests: 24_000, warmUp: 96_000 };
    return measure(way, sink, amounts, round);
  },
  summarize: (all) => ({
    figures: { 'cpu-spool': ratios(all, microsOf('spool'), microsOf('package')) },
    rows: [
      ['this package', 'µs CPU per request', 'over memory', 'over a spool on disk'],
      ...Object.entries(WAYS).map(([way, name]) => [
        name,
        spread(all.map(microsOf(way)), 1),
        spread(ratios(all, microsOf(way), microsOf('package'))),
        way === 'redis' ? spread(ratios(all, microsOf(way), microsOf('spool'))) : '',
      ]),
    ],
  }),
});
