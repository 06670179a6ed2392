// Does a server stay as it is for two million hits while Matomo goes and comes back?
//
//   node tools/bench/soak.mjs [--hits 2000000] [--rate 6000] [--spool both|with|without]
//
// Three servers under the same steady load, in turns of some seconds: one without the processor, one that queues hits in
// memory, one with a spool. `--hits` is for each of the two. In each of their turns Matomo is unavailable once: it refuses
// connections, or answers 503. The servers are compared by
//
// 1. RSS, sampled each second: the last third of the turns over the first. Each third has the same outages.
// 2. Event-loop delay, p99 of each second, over that of the server without the processor in its turn beside it. The median of
//    a turn's seconds counts, so that those in which somebody else has the CPU do not decide. Run it where nothing else runs.
// 3. Hits: requests = hits = tracked + lost, and the sink has received as many as were tracked.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ask, start, stop } from './lib/child-process.mjs';
import { count, mean, mebibytes, median, spread, sum, table } from './lib/figures.mjs';
import { divisible, steadyLoad } from './lib/steady-load.mjs';

/** Two for each third, one with either outage, after one for warming up. */
const ROUNDS = 6;
const WARM_UPS = 1;
const OUTAGES = ['refuse', 'busy'];
const OUTAGE_MILLIS = 4_000;
const MOST_GROWTH = 1.1;
const MOST_DELAY = 1.2;
/** Between turns of the server without the processor; beyond it others have the CPU. */
const MOST_NOISE = 2;
const KINDS = { both: ['memory', 'spool'], without: ['memory'], with: ['spool'] };

const { values: given } = parseArgs({
  options: {
    hits: { type: 'string', default: '2000000' },
    rate: { type: 'string', default: '6000' },
    spool: { type: 'string', default: 'both' },
  },
});
const kinds = KINDS[given.spool];
const rate = Number(given.rate);
const turns = ROUNDS + WARM_UPS;
const perTurn = divisible(Number(given.hits) / turns);
const turnSeconds = perTurn / rate;
if (!kinds || !(turnSeconds * 1000 > 3 * OUTAGE_MILLIS)) {
  throw new RangeError('--spool is both, with or without; an outage needs a turn of 12 seconds');
}
console.log(
  `${count(perTurn * turns)} hits for each of: ${kinds.join(', ')}; ${rate} requests/s, ${turns} turns of ${turnSeconds.toFixed(0)} s with an outage each. About ${Math.ceil((turns * (turnSeconds * (kinds.length + 0.25) + 4 * kinds.length)) / 60)} minutes.\n`,
);

const folder = mkdtempSync(join(tmpdir(), 'matomo-soak-'));
const servers = [];
for (const kind of ['noop', ...kinds]) servers.push(await startServer(kind));
for (let turn = 0; turn < turns; turn++) {
  const order = turn % 2 === 0 ? servers : servers.toReversed();
  for (const server of order) await takeTurn(server, turn);
}
const [noop, ...watched] = servers;
const results = [];
for (const server of watched) results.push(await summarize(server));
for (const { child, sink } of servers) {
  await stop(child);
  await stop(sink.child);
}
rmSync(folder, { recursive: true });

console.log(
  `\n${table([
    ['', ...results.map(({ kind }) => (kind === 'spool' ? 'with a spool' : 'without a spool'))],
    row('requests', ({ requests }) => count(requests)),
    row('hits', ({ stats }) => count(stats.hits)),
    row('tracked', ({ stats }) => count(stats.tracked)),
    row('received by the sink', ({ received }) => count(received)),
    row(
      'lost',
      ({ lost }) => lost.map(([reason, hits]) => `${count(hits)} ${reason}`).join(', ') || '0',
    ),
    row('pending', ({ stats }) => count(stats.pending)),
    row('RSS, mean of the first third', ({ first }) => mebibytes(mean(first))),
    row('RSS, mean of the last third', ({ last }) => mebibytes(mean(last))),
    row('RSS, greatest of first and last third', ({ first, last }) =>
      [first, last].map((rss) => mebibytes(Math.max(...rss))).join(', '),
    ),
    row('last third over first', ({ growth }) => growth.toFixed(3)),
    row('event-loop delay, p99 in ms', (result) => spread(delaysOf(result))),
    row('the same without the processor', () => spread(delaysOf(noop))),
    row('ratio, turn by turn', ({ ratios }) => spread(ratios)),
  ])}\n`,
);
console.log('Figures with a range are the median of the turns, and the least and the greatest.');
console.log(
  `queue_full is right without a spool: in an outage ${rate} hits/s meet a queue that holds 10,000 (maxQueueSize). unconfirmed: a bulk was on its way when the sink closed its connection.`,
);
console.log(`Node ${process.version}, ${cpus().length} CPUs.`);
console.log(`Command: node tools/bench/soak.mjs ${process.argv.slice(2).join(' ')}`.trimEnd());
const isAlone = Math.max(...delaysOf(noop)) <= MOST_NOISE * Math.min(...delaysOf(noop));
if (!isAlone) {
  console.log(
    '\nThe event loop is not judged: without the processor too its delay differs much from turn to turn. That needs a machine on which nothing else runs.',
  );
}
for (const { kind, growth, ratios, isBroken } of results) {
  if (isBroken) fail(`${kind}: hits are missing, duplicated or lost without a reason`);
  if (growth > MOST_GROWTH) fail(`${kind}: memory has grown by more than 10 %`);
  if (isAlone && median(ratios) > MOST_DELAY)
    fail(`${kind}: the event loop is held up by more than 20 %`);
}

async function startServer(kind) {
  const sink = await start('sink.mjs');
  const { child, ready: url } = await start('soak-server.mjs', [kind, sink.ready, folder]);
  return { kind, sink, child, url, requests: 0, turns: [] };
}

/** A turn ends when nothing is pending any more, so that the next server has the machine for itself. */
async function takeTurn(server, turn) {
  const { kind, child, sink } = server;
  const outage = OUTAGES[turn % OUTAGES.length];
  const isNoop = kind === 'noop';
  await ask(child, 'begin');
  const requests = isNoop ? divisible(perTurn / 4) : perTurn;
  const [answered] = await Promise.all([
    steadyLoad(server.url, requests, rate),
    isNoop ? undefined : goAway(sink, outage),
  ]);
  const { seconds } = await ask(child, 'end');
  const rss = seconds.map((second) => second.rss);
  const p99 = median(seconds.map((second) => second.p99));
  server.requests += answered;
  const stats = isNoop ? undefined : await drain(child);
  if (turn >= WARM_UPS) server.turns.push({ rss, p99 });
  const result = stats ? `; tracked ${stats.tracked}, lost ${sum(Object.values(stats.lost))}` : '';
  console.log(
    `turn ${turn + 1} of ${turns}, ${kind}${isNoop ? '' : `, ${outage}`}: RSS ${mebibytes(mean(rss))}, p99 ${p99.toFixed(2)} ms${result}`,
  );
}

async function goAway(sink, outage) {
  await wait(turnSeconds * 200);
  await ask(sink.child, outage);
  await wait(OUTAGE_MILLIS);
  await ask(sink.child, 'back');
}

async function summarize({ kind, child, sink, requests, turns }) {
  const { stats } = await ask(child, 'stats');
  const third = ROUNDS / 3;
  const first = turns.slice(0, third).flatMap(({ rss }) => rss);
  const last = turns.slice(-third).flatMap(({ rss }) => rss);
  const growth = mean(last) / mean(first);
  const ratios = turns.map(({ p99 }, i) => p99 / noop.turns[i].p99);
  const received = await ask(sink.child, 'count');
  const lost = Object.entries(stats.lost).filter(([, hits]) => hits > 0);
  const known = stats.tracked + stats.pending + sum(lost.map(([, hits]) => hits));
  const isBroken =
    requests !== stats.hits ||
    stats.hits !== known ||
    stats.tracked !== received ||
    lost.some(
      ([reason]) => reason !== 'unconfirmed' && (kind === 'spool' || reason !== 'queue_full'),
    );
  return { kind, requests, stats, lost, received, first, last, growth, turns, ratios, isBroken };
}

async function drain(child) {
  for (;;) {
    const { stats } = await ask(child, 'flush');
    if (stats.pending === 0) return stats;
    await wait(200);
  }
}

function row(name, toCell) {
  return [name, ...results.map(toCell)];
}

function delaysOf({ turns }) {
  return turns.map(({ p99 }) => p99);
}

function fail(reason) {
  console.error(`\n${reason}`);
  process.exitCode = 1;
}
