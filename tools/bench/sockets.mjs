// How many sockets to Matomo are open at 500 hits a second?
//
//   node tools/bench/sockets.mjs [--rounds 7] [--quick]
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, start, stop } from './lib/child-process.mjs';
import { spread } from './lib/figures.mjs';
import { load } from './lib/load.mjs';
import { runBench } from './lib/run-bench.mjs';

const WAYS = { package: 'this package', matomoTracker: 'track() of matomo-tracker' };
const RATE = 500;

/** The most that were open at any look. */
async function measureSockets(way, seconds) {
  const sink = await start('sink.mjs');
  const { child, ready: url } = await start('http-server.mjs', [way, sink.ready, '0']);
  let most = 0;
  let open = true;
  const loaded = load(url, RATE * seconds, RATE).finally(() => {
    open = false;
  });
  while (open) {
    await sleep(100);
    most = Math.max(most, await ask(sink.child, 'sockets'));
  }
  await loaded;
  await stop(child);
  await stop(sink.child);
  return most;
}

await runBench('sockets', {
  ways: Object.keys(WAYS),
  measure: (way, { quick }) => measureSockets(way, quick ? 3 : 6),
  summarize: (all) => ({
    figures: { sockets: all.map((round) => round.package) },
    rows: [
      [`${RATE} requests per second`, 'sockets to Matomo'],
      ...Object.entries(WAYS).map(([way, name]) => [
        name,
        spread(
          all.map((round) => round[way]),
          0,
        ),
      ]),
    ],
  }),
});
