// How much longer does a process with tracing take to start?
//
//   node tools/bench/load-time.mjs [--rounds 7] [--quick]
//
// Loading and setting up `opentelemetry-matomo/register` beside the OTLP exporter and its BatchSpanProcessor, after the
// API, the SDK and the http instrumentation, which both share; and `register` in a process that serves nothing. The fastest of several fresh processes in each round.
import { spread } from './lib/figures.mjs';
import { measureLoad } from './lib/measure-parts.mjs';
import { ratios, runBench } from './lib/run-bench.mjs';

const ADDED = {
  otlp: 'OTLP exporter',
  package: '`opentelemetry-matomo/register`, and a server that listens',
  preload: 'the same in a process that starts no server',
};

const millisOf = (what) => (round) => round[what].millis;

async function measureSeveral(what, processes) {
  const loads = [];
  for (let i = 0; i < processes; i++) loads.push(await measureLoad(what));
  return {
    millis: Math.min(...loads.map(({ millis }) => millis)),
    undici: Math.max(...loads.map(({ undici }) => undici)),
  };
}

await runBench('load-time', {
  ways: Object.keys(ADDED),
  measure: (what, { quick }) => measureSeveral(what, quick ? 3 : 7),
  summarize: (all) => ({
    figures: {
      'load-over-otlp': ratios(all, millisOf('package'), millisOf('otlp')),
      'load-preload-millis': all.map(millisOf('preload')),
      'load-undici': all.map((round) => round.package.undici),
    },
    rows: [
      ['loaded alongside tracing', 'ms', 'over the exporter', 'modules of undici'],
      ...Object.entries(ADDED).map(([what, name]) => [
        name,
        spread(all.map(millisOf(what)), 1),
        spread(ratios(all, millisOf(what), millisOf('otlp'))),
        spread(
          all.map((round) => round[what].undici),
          0,
        ),
      ]),
    ],
  }),
});
