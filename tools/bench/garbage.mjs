// How many bytes does a request allocate, and what of that does the garbage collector copy and promote?
//
//   node tools/bench/garbage.mjs [--rounds 7] [--quick]
//
// As V8 says with --trace-gc-nvp of a loaded server: what it said of twice the requests less what it said of once, so that neither
// the start of the process nor loading counts. They repeat to a few percent where times do not.
import { ask, start, stop } from './lib/child-process.mjs';
import { spread } from './lib/figures.mjs';
import { load } from './lib/load.mjs';
import { runBench } from './lib/run-bench.mjs';

const WAYS = {
  noop: '(b) OpenTelemetry, a processor that does nothing',
  otlp: '(c) OpenTelemetry, BatchSpanProcessor and OTLP exporter',
  package: 'OpenTelemetry, this package',
};
const REQUESTS = 50_000;
const QUICK_REQUESTS = 10_000;

/** As V8 names them; Node.js 20 has one for what survives, newer ones tell what was copied. */
const COUNTED = {
  allocated: / allocated=(\d+)/g,
  copied: / (?:semi_space_copied|new_space_survived)=(\d+)/g,
  promoted: / promoted=(\d+)/g,
};

async function bytesOf(way, sink, requests) {
  const options = ['--trace-gc-nvp', '--expose-gc'];
  const { child, ready: url } = await start(
    'http-server.mjs',
    [way, sink.ready, '0'],
    options,
    'pipe',
  );
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  await load(url, requests);
  await ask(child, 'end'); // all is delivered
  await ask(child, 'bytes'); // all garbage is collected, and so counted
  await stop(child);
  return Object.fromEntries(
    Object.entries(COUNTED).map(([what, pattern]) => [
      what,
      [...said.matchAll(pattern)].reduce((sum, [, bytes]) => sum + Number(bytes), 0),
    ]),
  );
}

const over = (round, way, what) => round[way][what] - round.noop[what];

await runBench('garbage', {
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  ways: Object.keys(WAYS),
  async measure(way, { quick, prepared: sink }) {
    const requests = quick ? QUICK_REQUESTS : REQUESTS;
    const once = await bytesOf(way, sink, requests);
    const twice = await bytesOf(way, sink, 2 * requests);
    const perRequest = (what) => (twice[what] - once[what]) / requests;
    return Object.fromEntries(Object.keys(COUNTED).map((what) => [what, perRequest(what)]));
  },
  summarize: (all) => ({
    figures: { 'bytes-over-noop': all.map((round) => over(round, 'package', 'allocated')) },
    rows: [
      ['server', 'bytes allocated per request', 'over (b)', 'copied', 'promoted'],
      ...Object.entries(WAYS).map(([way, name]) => [
        name,
        spread(
          all.map((round) => round[way].allocated),
          0,
        ),
        spread(
          all.map((round) => over(round, way, 'allocated')),
          0,
        ),
        spread(
          all.map((round) => round[way].copied),
          0,
        ),
        spread(
          all.map((round) => round[way].promoted),
          0,
        ),
      ]),
    ],
  }),
});
