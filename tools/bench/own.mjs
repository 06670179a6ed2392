// What CPU time is this package's part of a request, without a network and without tracing?
//
//   node tools/bench/own.mjs [--over ae61b62] [--rounds 9] [--quick]
//
// Twenty kinds of recorded requests in turn; the same run without the package is subtracted. `hits` is how many of them are tracked.
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, start, stop } from './lib/child-process.mjs';
import { runBench } from './lib/run-bench.mjs';

const QUIET_MILLIS = 1000;
const ANSWER_MILLIS = 20;
const KINDS = 20;

await runBench('own', {
  question: 'What CPU time is the part of this package in a request?',
  unit: 'µs per request',
  digits: 2,
  ways: {
    none: { name: 'the server without the package' },
    plain: { name: 'this package', isOurs: true, less: ['none'], over: ['none'] },
    options: {
      name: 'this package, with two dimensions and a `userId` function',
      isOurs: true,
      less: ['none'],
      over: ['plain'],
    },
  },
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  measure,
});

/** The fastest of many blocks, each until all of its hits have arrived: in others, the machine was busy. */
async function measure(way, { quick, folder, prepared: sink }) {
  const [warmUp, requests, blocks] = quick ? [30_000, 6000, 5] : [100_000, 10_000, 11];
  const options = { args: [way, sink.ready], folder };
  const { child, ready: canTrack } = await start('own-server.mjs', options);
  try {
    if (!canTrack) return undefined;
    const hitsPerRequest = (await countHits(child, sink.child, warmUp)) / warmUp;
    const micros = [];
    for (let block = 0; block < blocks; block++) {
      const before = await ask(child, 'cpu');
      const arrived = (await ask(sink.child, 'count')) + Math.round(hitsPerRequest * requests);
      await ask(child, requests);
      while ((await ask(sink.child, 'count')) < arrived) await sleep(5);
      await sleep(ANSWER_MILLIS);
      micros.push(((await ask(child, 'cpu')) - before) / requests);
    }
    return Math.min(...micros);
  } finally {
    await stop(child);
  }
}

/** How many hits so many requests make, which is known once no more arrive. */
async function countHits(child, sink, requests) {
  const before = await ask(sink, 'count');
  await ask(child, requests);
  let count = await ask(sink, 'count');
  for (;;) {
    await sleep(QUIET_MILLIS);
    const now = await ask(sink, 'count');
    if (now === count) break;
    count = now;
  }
  const hits = count - before;
  if (!Number.isInteger((hits * KINDS) / requests))
    throw new Error(`${hits} hits of ${requests} requests`);
  return hits;
}
