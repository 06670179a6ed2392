// For how long does an export that is made to cost much stop the gateway?
//
//   node tools/bench/hostile-exports.mjs [--rounds 7] [--quick]
//
// Each is 4 MiB, the largest that is taken. test/gateway/linear-input.test.ts holds that twice the size takes twice the time.
import { ask, start, stop } from './lib/child-process.mjs';
import { spread } from './lib/figures.mjs';
import { runBench } from './lib/run-bench.mjs';
import { HOSTILE_BODIES, hostileBody } from './parts/hostile-bodies.mjs';

const MEBIBYTES = 4;

async function measure(name, matomo) {
  const { body, type, status } = hostileBody(name, MEBIBYTES);
  const { child, ready: url } = await start('hostile-gateway.mjs', [matomo]);
  await send(url, '{}', 'application/json', 200);
  await ask(child, 'stall');
  await send(url, body, type, status);
  const millis = await ask(child, 'stall');
  await stop(child);
  return millis;
}

async function send(url, body, type, expected) {
  const headers = { 'content-type': type };
  const { status } = await fetch(`${url}/v1/traces`, { method: 'POST', body, headers });
  if (status !== expected) throw new Error(`answered ${status}`);
}

const names = Object.keys(HOSTILE_BODIES);

await runBench('hostile-exports', {
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  ways: names,
  measure: (name, { prepared: sink }) => measure(name, sink.ready),
  summarize: (all) => ({
    figures: {
      'hostile-export': all.map((round) => Math.max(...names.map((name) => round[name]))),
    },
    rows: [
      ['4 MiB of', 'ms that the event loop stood still'],
      ...names.map((name) => [
        name,
        spread(
          all.map((round) => round[name]),
          0,
        ),
      ]),
    ],
  }),
});
