// For how long does an export that is made to cost much stop the gateway?
//
//   node tools/bench/hostile-exports.mjs [--rounds 7] [--quick] [--only <part of a name>]
//
// Each is 4 MiB, the largest that is taken, and the first that a process of its own gets: that is what an attacker meets, and V8 has
// compiled little by then. test/gateway/linear-input.test.ts holds that twice the size takes twice the time.
import { ask, start, stop } from './lib/child-process.mjs';
import { median, spread } from './lib/figures.mjs';
import { runBench } from './lib/run-bench.mjs';
import { HOSTILE_BODIES, hostileBody } from './parts/hostile-bodies.mjs';

const MEBIBYTES = 4;
/** Exports that the page shows. */
const SLOWEST = 10;

async function measure(name, matomo) {
  const { body, type, status } = hostileBody(name, MEBIBYTES);
  const { child, ready: url } = await start('hostile-gateway.mjs', [matomo]);
  await send(url, '{}', 'application/json', 200);
  await ask(child, 'what');
  await send(url, body, type, status);
  const measured = await ask(child, 'what');
  await stop(child);
  process.stderr.write(` ${measured.cpuStall.toFixed(0)} ms;`);
  return measured;
}

async function send(url, body, type, expected) {
  const headers = { 'content-type': type };
  const { status } = await fetch(`${url}/v1/traces`, { method: 'POST', body, headers });
  if (status !== expected) throw new Error(`answered ${status}`);
}

await runBench('hostile-exports', {
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  ways: Object.keys(HOSTILE_BODIES),
  hasApartWays: true,
  measure: (name, { prepared: sink }) => measure(name, sink.ready),
  summarize(all) {
    const names = Object.keys(all[0]);
    const ofEach = (name, what) =>
      spread(
        all.map((round) => round[name][what]),
        0,
      );
    return {
      figures: {
        'hostile-export': all.map((round) =>
          Math.max(...names.map((name) => round[name].cpuStall)),
        ),
      },
      rows: [
        [
          '4 MiB of',
          'ms that the event loop was blocked: CPU time',
          'by the clock',
          'total CPU ms until the last hit is sent',
        ],
        ...names
          .sort((a, b) => worst(all, b) - worst(all, a))
          .slice(0, SLOWEST)
          .map((name) => [
            name,
            ofEach(name, 'cpuStall'),
            ofEach(name, 'stall'),
            ofEach(name, 'cpu'),
          ]),
      ],
    };
  },
});

function worst(all, name) {
  return median(all.map((round) => round[name].cpuStall));
}
