// How many hits do several processes deliver that share a spool?
//
//   node tools/bench/processes.mjs [--over ae61b62] [--rounds 7] [--quick]
//
// From ended spans to hits that a sink has counted, which answers after 30 ms; in Redis too, if a redis-server is installed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, start, stop } from './lib/child-process.mjs';
import { startRedis } from './lib/redis.mjs';
import { runBench } from './lib/run-bench.mjs';

const redis = await startRedis();
const MATOMO_MILLIS = '30';
/** If the sink gets nothing for so long, hits are lost. */
const STALLED_MILLIS = 30_000;

await runBench('processes', {
  question: 'How many hits do processes deliver that share a spool?',
  unit: 'hits per second',
  digits: 0,
  maxRounds: 3,
  ways: {
    '1 folder': { name: '1 process, a spool on disk', isOurs: true },
    '8 folder': { name: '8 processes, the same folder', isOurs: true, over: ['1 folder'] },
    ...(redis && { '8 redis': { name: '8 processes, the same Redis', isOurs: true } }),
  },
  end: () => redis?.stop(),
  measure,
});

async function measure(way, { quick, folder }) {
  const [processes, store] = way.split(' ');
  const files = mkdtempSync(join(tmpdir(), 'opentelemetry-matomo-bench-'));
  const spool = store === 'redis' ? await redis.emptyDatabase() : files;
  const sink = await start('sink.mjs', { args: ['0', MATOMO_MILLIS] });
  try {
    const workers = await Promise.all(
      Array.from({ length: Number(processes) }, () =>
        start('spool-process.mjs', { args: [sink.ready, spool], folder }),
      ),
    );
    const children = workers.map(({ child }) => child);
    const hits = (quick ? 8000 : 40_000) / Number(processes);
    await deliver(sink.child, children, hits); // V8 compiles everything
    const begun = performance.now();
    await deliver(sink.child, children, hits);
    const seconds = (performance.now() - begun) / 1000;
    await Promise.all(children.map(stop));
    return (hits * children.length) / seconds;
  } finally {
    await stop(sink.child);
    rmSync(files, { recursive: true, force: true });
  }
}

/** Each child makes so many hits. Resolves once the sink has counted all. */
async function deliver(sink, children, hits) {
  const before = await ask(sink, 'count');
  for (const child of children) child.send({ hits });
  let counted = before;
  let changed = performance.now();
  while (counted < before + hits * children.length) {
    await sleep(20);
    const now = await ask(sink, 'count');
    if (now !== counted) changed = performance.now();
    else if (performance.now() - changed > STALLED_MILLIS)
      throw new Error(`${now - before} of ${hits * children.length} hits arrived`);
    counted = now;
  }
}
