// `npm run bench:check`: does the package cost much more than before? The cheapest of the ratios, against bounds so wide that a busy
// machine does not break them: one of a few rounds that is below is enough, since what is always slow is slow in all of them.
import { fileURLToPath } from 'node:url';
import { only, start, stop } from './lib/child-process.mjs';
import { measureHeld, measureServer } from './lib/measure-server.mjs';

const folder = fileURLToPath(new URL('../../', import.meta.url));
const HELD_REQUESTS = 3000;
const AMOUNTS = { requests: 12_000, warmUp: 4000 };
const AMOUNTS_OF_CHILDREN = { requests: 4000, warmUp: 2000, childSpans: 20 };

/** Each half as much again as was measured last, or twice; one round if nothing varies. */
const CHECKS = {
  'CPU of a request without tracing, over a bare server': {
    most: 4,
    measure: () => cpuOver('withoutTracing', 'plain', AMOUNTS),
  },
  'CPU of a request, over a processor that does nothing': {
    most: 2.2,
    measure: () => cpuOver('package', 'noop', AMOUNTS),
  },
  'CPU of a request with 20 child spans, over a processor that does nothing': {
    most: 2,
    measure: () => cpuOver('package', 'noop', AMOUNTS_OF_CHILDREN),
  },
  'bytes of a hit that waits, over an ended span': {
    most: 0.8,
    measure: queuedOverSpan,
    rounds: 1,
  },
  // The text of a hit becomes old while it waits: 550 bytes, also with --no-allocation-site-pretenuring. Nothing else should.
  'bytes of a hit that V8 makes old': { most: 900, measure: agedBytes, rounds: 1 },
  // Both listen: `register` does nothing before.
  'loading register, over the OTLP exporter': { most: 0.7, measure: loadOverOtlp },
};

process.stderr.write('Is the package much slower than it was? Less than three minutes.\n');
const sink = await start('sink.mjs');
const broken = [];
for (const [question, { most, measure, rounds = 3 }] of Object.entries(CHECKS)) {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds && least > most; round++)
    least = Math.min(least, await measure());
  console.log(`${least.toFixed(2).padStart(6)}  at most ${most}  ${question}`);
  if (least > most) broken.push(`${question}: ${least.toFixed(2)}, which is above ${most}`);
}
await stop(sink.child);
if (broken.length > 0) {
  console.error(`\nSlower than allowed:\n${broken.join('\n')}`);
  process.exitCode = 1;
}

async function cpuOver(way, reference, amounts) {
  const without = await measureServer(reference, { sink, folder, ...amounts });
  return (await measureServer(way, { sink, folder, ...amounts })) / without;
}

async function queuedOverSpan() {
  const base = await measureHeld('noop', HELD_REQUESTS, folder);
  const span = await measureHeld('held', HELD_REQUESTS, folder);
  const hit = await measureHeld('queued', HELD_REQUESTS, folder);
  return (hit - base) / (span - base);
}

function agedBytes() {
  return only('aged.mjs', { args: [sink.ready], folder, nodeOptions: ['--expose-gc'] });
}

async function loadOverOtlp() {
  const { millis: otlp } = await only('load.cjs', { args: ['otlp'], folder });
  const { millis } = await only('load.cjs', { args: ['package'], folder });
  return millis / otlp;
}
