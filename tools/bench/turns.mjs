// How long does an export of 10,000 spans keep the gateway from answering others?
//
//   node tools/bench/turns.mjs [--over ae61b62] [--rounds 3]
//
// The longest turn of its event loop for each export, after some that warm it up, beside the time that JSON.parse takes for the text.
import { ask, start, stop } from './lib/child-process.mjs';
import { median } from './lib/figures.mjs';
import { runBench } from './lib/run-bench.mjs';
import { createExports } from './parts/exports.mjs';
import { sendExports } from './parts/send-exports.mjs';

const SPANS = 10_000;
const WARM_UP = 5;
const MEASURED = 7;

await runBench('turns', {
  question: 'How long does an export of 10,000 spans keep the gateway from answering others?',
  unit: 'ms',
  ways: {
    parse: { name: 'JSON.parse of the text' },
    json: { name: 'the gateway, JSON', isOurs: true },
    protobuf: { name: 'the gateway, protobuf', isOurs: true },
  },
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  async measure(way, { folder, prepared: sink }) {
    if (way === 'parse') return median(createExports(MEASURED, SPANS, 'json').bodies.map(parse));
    const server = { args: ['gateway', sink.ready], folder };
    const { child, ready: url } = await start('gateway-server.mjs', server);
    const longest = [];
    for (let i = 0; i < WARM_UP + MEASURED; i++) {
      await ask(child, 'longest');
      await sendExports(url, createExports(1, SPANS, way));
      const millis = await ask(child, 'longest');
      if (i >= WARM_UP) longest.push(millis);
      await ask(child, 'drain');
    }
    await stop(child);
    return median(longest);
  },
});

function parse(body) {
  const text = body.toString();
  const begun = performance.now();
  JSON.parse(text);
  return performance.now() - begun;
}
