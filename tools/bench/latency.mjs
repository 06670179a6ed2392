// How much later does a server answer that is at half of its capacity?
//
//   node tools/bench/latency.mjs [--rounds 7] [--quick]
//
// The capacity is that of the server with a processor that does nothing, measured first in each round; all ways get half of it.
import { ask, start, stop } from './lib/child-process.mjs';
import { spread } from './lib/figures.mjs';
import { load } from './lib/load.mjs';
import { measureLatency, quantile } from './lib/measure-latency.mjs';
import { ratios, runBench } from './lib/run-bench.mjs';

const WAYS = {
  noop: '(b) a processor that does nothing',
  otlpLarge: '(c) BatchSpanProcessor and OTLP exporter',
  package: 'this package',
};
const WARM_UP_REQUESTS = 30_000;
const CAPACITY_REQUESTS = 20_000;

const microsOf = (way, quantileName) => (round) => round[way][quantileName];

await runBench('latency', {
  async prepare() {
    const sink = await start('sink.mjs');
    return { sink, rate: (await measureCapacity(sink)) / 2 };
  },
  end: ({ sink }) => stop(sink.child),
  ways: Object.keys(WAYS),
  measure: (way, { quick, prepared: { sink, rate } }) =>
    withServer(way, sink, async (url) => {
      await load(url, WARM_UP_REQUESTS);
      const micros = await measureLatency(url, { rate, seconds: quick ? 3 : 6 });
      return { median: quantile(micros, 0.5), p99: quantile(micros, 0.99) };
    }),
  summarize: (all) => ({
    figures: {},
    rows: [
      ['server', 'median in µs', 'over (b)', 'p99 in µs', 'over (b)'],
      ...Object.entries(WAYS).map(([way, name]) => [
        name,
        ...['median', 'p99'].flatMap((of) => [
          spread(all.map(microsOf(way, of)), 0),
          spread(ratios(all, microsOf(way, of), microsOf('noop', of))),
        ]),
      ]),
    ],
  }),
});

/** Requests a second, as many as it answers. */
function measureCapacity(sink) {
  return withServer('noop', sink, async (url) => {
    await load(url, WARM_UP_REQUESTS);
    const begun = performance.now();
    await load(url, CAPACITY_REQUESTS);
    return (CAPACITY_REQUESTS * 1000) / (performance.now() - begun);
  });
}

async function withServer(way, sink, measure) {
  const { child, ready: url } = await start('http-server.mjs', [way, sink.ready, '0', '']);
  try {
    await ask(child, 'begin');
    return await measure(url);
  } finally {
    await ask(child, 'end'); // everything is delivered, so that the next server has the machine alone
    await stop(child);
  }
}
