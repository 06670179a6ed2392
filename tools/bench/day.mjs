// Does a service keep everything while Matomo is down for a day, at 100 requests a second?
//
//   node tools/bench/day.mjs [--hits 8640000] [--rate 15000]
//
// The hits of that day, made faster than a day takes, from ended spans in one process with a spool. Nobody listens where
// Matomo should be, until the last is made. Then it comes back and takes all.
//
// 1. Hits: made = tracked = received by the sink, and none is lost.
// 2. Memory: what heap and buffers hold, each ten seconds of the outage, the last third over the first. RSS is shown too: with
//    a hundred times the requests of a day it is mostly what the garbage collector has not got to yet.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ask, start, stop } from './lib/child-process.mjs';
import { count, mean, mebibytes, table } from './lib/figures.mjs';

const MOST_GROWTH = 1.1;
const LOOK_MILLIS = 10_000;
/** Looks until as many hits wait in memory as ever do. */
const FIRST_LOOKS = 3;

const { values } = parseArgs({
  options: {
    hits: { type: 'string', default: String(24 * 3600 * 100) },
    rate: { type: 'string', default: '15000' },
  },
});
const hits = Number(values.hits);
console.log(
  `${count(hits)} hits at ${values.rate} a second, then the recovery: about ${Math.ceil(hits / Number(values.rate) / 30)} minutes and ${Math.ceil((hits * 600) / 1e9)} GB in the folder for temporary files.\n`,
);

const folder = mkdtempSync(join(tmpdir(), 'matomo-day-'));
const sink = await start('sink.mjs');
await ask(sink.child, 'refuse');
const { child } = await start(
  'day-service.mjs',
  [sink.ready, folder, values.hits, values.rate],
  ['--expose-gc'],
);
try {
  const away = await until(({ stats }) => stats.hits >= hits && stats.spooled === stats.pending);
  const { bytes } = away;
  await ask(sink.child, 'back');
  const back = await until(({ stats }) => stats.pending === 0);
  report(away, back, bytes, await ask(sink.child, 'count'));
} finally {
  await stop(child);
  await stop(sink.child);
  rmSync(folder, { recursive: true });
}

/** What is known of the service once that is so, RSS being that of each second since the last time. */
async function until(isSo) {
  const begun = performance.now();
  const held = [];
  for (;;) {
    const known = await ask(child, 'look');
    held.push(known.held);
    const { hits: made, pending, tracked } = known.stats;
    console.log(
      `made ${count(made)}, waiting ${count(pending)}, tracked ${count(tracked)}, held ${mebibytes(known.held)}, RSS ${mebibytes(known.rss.at(-1) ?? 0)}`,
    );
    if (isSo(known)) {
      await ask(child, 'begin');
      return {
        ...known,
        held: held.slice(FIRST_LOOKS),
        seconds: (performance.now() - begun) / 1000,
      };
    }
    await wait(LOOK_MILLIS);
  }
}

function report(away, back, bytes, received) {
  const { stats } = back;
  const lost = Object.values(stats.lost).reduce((sum, value) => sum + value, 0);
  const growth = mean(lastThird(away.held)) / mean(firstThird(away.held));
  console.log(
    `\n${table([
      ['', ''],
      ['hits', count(stats.hits)],
      ['tracked', count(stats.tracked)],
      ['received by the sink', count(received)],
      ['lost', count(lost)],
      ['in the spool when Matomo came back', `${(bytes / 1e9).toFixed(2)} GB`],
      ['seconds away, seconds until nothing waited', `${seconds(away)}, ${seconds(back)}`],
      ['held while away, mean of the first third', mebibytes(mean(firstThird(away.held)))],
      ['held while away, mean of the last third', mebibytes(mean(lastThird(away.held)))],
      ['last third over first', growth.toFixed(3)],
      ['RSS while away, mean of the first third', mebibytes(mean(firstThird(away.rss)))],
      ['RSS while away, mean of the last third', mebibytes(mean(lastThird(away.rss)))],
      ['RSS afterwards, greatest', mebibytes(Math.max(...back.rss))],
    ])}\n`,
  );
  console.log(
    `Node ${process.version}. Command: node tools/bench/day.mjs ${process.argv.slice(2).join(' ')}`.trimEnd(),
  );
  if (stats.tracked !== hits || received !== hits || lost > 0)
    fail('hits are missing or duplicated');
  if (growth > MOST_GROWTH) fail('memory has grown by more than 10 %');
}

function fail(reason) {
  console.error(`\n${reason}`);
  process.exitCode = 1;
}

function seconds(phase) {
  return phase.seconds.toFixed(0);
}

function firstThird(values) {
  return values.slice(0, Math.ceil(values.length / 3));
}

function lastThird(values) {
  return values.slice(-Math.ceil(values.length / 3));
}
