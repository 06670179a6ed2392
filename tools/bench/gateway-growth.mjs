// Does a span cost the gateway more if many are offered per second, or if they come from many services?
//
//   node tools/bench/gateway-growth.mjs [--rounds 7] [--quick]
//
// The CPU time is that of all spans which the gateway accepted, and includes what it spent on those that it refused with 503.
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { ask, start, stop } from './lib/child-process.mjs';
import { count as formatCount, spread } from './lib/figures.mjs';
import { ratios, runBench } from './lib/run-bench.mjs';
import { postExport, sendExports } from './lib/send-exports.mjs';
import { createExports } from './parts/exports.mjs';

const SPANS = 512;
/** An export is of one service, so that many services need many exports. */
const SPANS_OF_SERVICE = 32;
const WARM_UP = 400;

const CASES = {
  slow: { name: '1,000 spans per second', spansPerSecond: 1000 },
  medium: { name: '10,000 spans per second', spansPerSecond: 10_000 },
  fast: { name: '100,000 spans per second', spansPerSecond: 100_000 },
  few: { name: 'as many as it takes, of 10 services', services: 10 },
  many: { name: 'as many as it takes, of 10,000 services', services: 10_000 },
};

const microsOf = (name) => (round) => round[name].micros;

/** Sends an export when its time has come, whether or not earlier ones are answered. Resolves to the status of each answer. */
async function offer(url, bodies, exportsPerSecond) {
  const pool = new Pool(url, { connections: 8, pipelining: 1 });
  const begun = performance.now();
  const answers = [];
  for (const [i, body] of bodies.entries()) {
    const early = begun + (i / exportsPerSecond) * 1000 - performance.now();
    if (early > 0) await sleep(early);
    answers.push(postExport(pool, body));
  }
  const statuses = await Promise.all(answers);
  await pool.close();
  return statuses;
}

function countAccepted(statuses) {
  const strange = statuses.find((status) => status !== 200 && status !== 503);
  if (strange !== undefined) throw new Error(`answered ${strange}`);
  return statuses.filter((status) => status === 200).length;
}

async function measure(name, matomo, quick) {
  const { spansPerSecond, services } = CASES[name];
  const { child, ready: url } = await start('gateway-server.mjs', ['gateway', matomo]);
  countAccepted(await sendExports(url, createExports(WARM_UP, SPANS)));
  await ask(child, 'drain');
  const spans = services === undefined ? SPANS : SPANS_OF_SERVICE;
  const seconds = (spansPerSecond > 10_000 ? 6 : 20) / (quick ? 4 : 1);
  const count =
    services === undefined
      ? Math.ceil((spansPerSecond * seconds) / SPANS)
      : 20_000 / (quick ? 2 : 1);
  const bodies = createExports(count, spans, services);
  const before = await ask(child, 'cpu');
  const statuses =
    services === undefined
      ? await offer(url, bodies, spansPerSecond / SPANS)
      : await sendExports(url, bodies);
  const after = await ask(child, 'finish');
  await stop(child);
  const accepted = countAccepted(statuses);
  return { micros: (after - before) / (accepted * spans), refused: 1 - accepted / count };
}

await runBench('gateway-growth', {
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  ways: Object.keys(CASES),
  measure: (name, { quick, prepared: sink }) => measure(name, sink.ready, quick),
  summarize: (all) => ({
    figures: {
      'gateway-at-rate': ratios(all, microsOf('fast'), microsOf('slow')),
      'gateway-of-many-services': ratios(all, microsOf('many'), microsOf('few')),
    },
    rows: [
      ['offered', 'µs CPU per accepted span', 'refused', 'growth'],
      ...Object.entries(CASES).map(([key, { name, services }]) => [
        name,
        spread(all.map(microsOf(key))),
        `${formatCount(Math.round(Math.max(...all.map((round) => round[key].refused)) * 100))} %`,
        spread(ratios(all, microsOf(key), microsOf(services === undefined ? 'slow' : 'few'))),
      ]),
    ],
  }),
});
