// `npm run bench:check`: does the package cost much more than before? The cheapest of the ratios, against bounds so wide that a busy
// machine does not break them: the best of a few rounds counts, since what is always slow is slow in all of them.
import { start, stop } from './lib/child-process.mjs';
import { measureChildSpan, measureHeld, measureHit, measureLoad } from './lib/measure-parts.mjs';
import { measureServer } from './lib/measure-server.mjs';

const ROUNDS = 3;
const HELD_REQUESTS = 3000;
const AMOUNTS = { requests: 12_000, warmUp: 4000 };

/** Each half as much again as was measured last, or twice; one round where nothing varies. */
const CHECKS = {
  'CPU of a request, over a processor that does nothing': { most: 2.2, measure: cpuOverNoop },
  'an untagged child span, over onEnd of BatchSpanProcessor': { most: 1, measure: childOverBatch },
  'bytes allocated for it': { most: 4, measure: childBytes, rounds: 1 },
  'building a hit, over a template string': { most: 1, measure: hitOverConcat },
  'bytes of a hit that waits, over an ended span': {
    most: 0.8,
    measure: queuedOverSpan,
    rounds: 1,
  },
  // Both listen: `register` does nothing before.
  'loading register, over the OTLP exporter': { most: 0.5, measure: loadOverOtlp },
  'modules of undici loaded with it': { most: 0, measure: undiciLoaded, rounds: 1 },
};

process.stderr.write('Is the package much slower than it was? Less than three minutes.\n');
const sink = await start('sink.mjs');
const broken = [];
for (const [question, { most, measure, rounds = ROUNDS }] of Object.entries(CHECKS)) {
  const least = await leastOf(measure, rounds);
  console.log(`${least.toFixed(2).padStart(6)}  at most ${most}  ${question}`);
  if (least > most) broken.push(`${question}: ${least.toFixed(2)}, which is above ${most}`);
}
await stop(sink.child);
if (broken.length > 0) {
  console.error(`\nSlower than allowed:\n${broken.join('\n')}`);
  process.exitCode = 1;
}

async function leastOf(measure, rounds) {
  const figures = [];
  for (let round = 0; round < rounds; round++) figures.push(await measure());
  return Math.min(...figures);
}

async function cpuOverNoop() {
  const noop = await measureServer('noop', sink, AMOUNTS);
  const ours = await measureServer('package', sink, AMOUNTS);
  return ours.micros / noop.micros;
}

async function childOverBatch() {
  const { matomo1, batch } = await measureChildSpan(true);
  return matomo1.nanos / batch.nanos;
}

async function childBytes() {
  const { matomo1 } = await measureChildSpan(true);
  return matomo1.bytes;
}

async function hitOverConcat() {
  const { package: ours, byHand } = await measureHit(true);
  return ours / byHand;
}

async function queuedOverSpan() {
  const base = await measureHeld('noop', HELD_REQUESTS);
  const span = await measureHeld('held', HELD_REQUESTS);
  const hit = await measureHeld('queued', HELD_REQUESTS);
  return (hit - base) / (span - base);
}

async function loadOverOtlp() {
  const otlp = await measureLoad('otlp');
  const ours = await measureLoad('package');
  return ours.millis / otlp.millis;
}

async function undiciLoaded() {
  const { undici } = await measureLoad('package');
  return undici;
}
