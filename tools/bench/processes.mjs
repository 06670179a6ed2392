// How many hits do several processes deliver that share a spool, and does only one bulk travel at a time?
//
//   node tools/bench/processes.mjs [--rounds 7] [--quick]
//
// From ended spans to hits that the sink has counted. One process sends for all; in Redis, if a redis-server is installed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, start, stop } from './lib/child-process.mjs';
import { spread, sum } from './lib/figures.mjs';
import { startRedis } from './lib/redis.mjs';
import { ratios, runBench } from './lib/run-bench.mjs';

const redis = await startRedis();
const CASES = {
  one: { name: '1 process, spool on disk', processes: 1 },
  four: { name: '4 processes, the same folder', processes: 4 },
  eight: { name: '8 processes, the same folder', processes: 8 },
  ...(redis && { redis: { name: '8 processes, the same Redis', processes: 8 } }),
};
/** If the sink gets nothing for so long, hits are lost. */
const STALLED_MILLIS = 30_000;

const microsOf = (name) => (round) => round[name].micros;
const inFlightOf = (name) => (round) => round[name].mostInFlight;

async function measure(name, { round, quick }) {
  const { processes } = CASES[name];
  const folder = mkdtempSync(join(tmpdir(), 'opentelemetry-matomo-bench-'));
  const spool = name === 'redis' ? `${redis.url}/${round % 16}` : folder;
  const sink = await start('sink.mjs');
  try {
    const args = [sink.ready, spool];
    const workers = await Promise.all(
      Array.from({ length: processes }, () => start('spool-process.mjs', args)),
    );
    const children = workers.map(({ child }) => child);
    const hits = quick ? 5000 : 20_000;
    await deliver(sink.child, children, hits); // V8 compiles everything
    const before = await cpuOf(children);
    const begun = performance.now();
    await deliver(sink.child, children, hits);
    const seconds = (performance.now() - begun) / 1000;
    const micros = (await cpuOf(children)) - before;
    const mostInFlight = await ask(sink.child, 'most in flight');
    await Promise.all(children.map(stop));
    const delivered = hits * processes;
    return { micros: micros / delivered, perSecond: delivered / seconds, mostInFlight };
  } finally {
    await stop(sink.child);
    rmSync(folder, { recursive: true, force: true });
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

async function cpuOf(children) {
  return sum(await Promise.all(children.map((child) => ask(child, 'cpu'))));
}

await runBench('processes', {
  ways: Object.keys(CASES),
  end: () => redis?.stop(),
  measure,
  summarize: (all) => ({
    figures: {
      'bulks-in-flight': all.map((round) =>
        Math.max(...Object.values(round).map((it) => it.mostInFlight)),
      ),
    },
    rows: [
      ['this package', 'hits per second', 'µs CPU per hit', 'over one process', 'bulks in flight'],
      ...Object.entries(CASES).map(([key, { name }]) => [
        name,
        spread(
          all.map((round) => round[key].perSecond),
          0,
        ),
        spread(all.map(microsOf(key)), 1),
        spread(ratios(all, microsOf(key), microsOf('one'))),
        String(Math.max(...all.map(inFlightOf(key)))),
      ]),
    ],
  }),
});
