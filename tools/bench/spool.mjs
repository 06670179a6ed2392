// What CPU time does a request cost a server whose hits are spooled on disk, or in Redis if there is a redis-server?
//
//   node tools/bench/spool.mjs [--over ae61b62] [--rounds 7] [--quick]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start, stop } from './lib/child-process.mjs';
import { measureServer, QUICK } from './lib/measure-server.mjs';
import { startRedis } from './lib/redis.mjs';
import { runBench } from './lib/run-bench.mjs';

const redis = await startRedis();

await runBench('spool', {
  question: 'What CPU time does a request cost with a spool?',
  unit: 'µs per request',
  maxRounds: 3,
  ways: {
    package: { name: 'this package, hits in memory', isOurs: true },
    folder: { name: 'this package, a spool on disk', isOurs: true, over: ['package'] },
    ...(redis && {
      redis: { name: 'this package, a spool in Redis', isOurs: true, over: ['package'] },
    }),
  },
  prepare: () => start('sink.mjs'),
  end: (sink) => Promise.all([stop(sink.child), redis?.stop()]),
  async measure(way, { quick, folder, prepared: sink }) {
    const amounts = quick ? QUICK : { requests: 24_000, warmUp: 96_000 };
    const files = mkdtempSync(join(tmpdir(), 'opentelemetry-matomo-bench-'));
    const spool = way === 'redis' ? await redis.emptyDatabase() : files;
    try {
      const tracker = way === 'package' ? way : 'spool';
      return await measureServer(tracker, { sink, folder, spool, ...amounts });
    } finally {
      rmSync(files, { recursive: true, force: true });
    }
  },
});
