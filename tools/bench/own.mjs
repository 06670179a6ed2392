// What CPU time is this package's part of a request, without a network and without tracing?
//
//   node tools/bench/own.mjs [--over ae61b62] [--rounds 9] [--quick]
//
// Twenty kinds of recorded requests in turn, or 20,000 different URLs of 10,000 visitors, of which nothing can be remembered; the same run
// without the package is subtracted. All servers of a round take turns, a block of requests each, so that a busy machine is slow for all
// of them.
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, start, stop } from './lib/child-process.mjs';
import { runBench } from './lib/run-bench.mjs';

const QUIET_MILLIS = 1000;
const ANSWER_MILLIS = 20;
const KINDS = 20;
const OF_DIFFERENT = { isOurs: true, less: ['none different'], over: ['none different'] };

await runBench('own', {
  question: 'What CPU time is the part of this package in a request?',
  unit: 'µs per request',
  digits: 2,
  ways: {
    none: { name: 'the server without the package' },
    matomoTracker: { name: 'six lines around matomo-tracker', less: ['none'] },
    plain: {
      name: 'this package',
      isOurs: true,
      less: ['none'],
      over: ['none', 'matomoTracker'],
    },
    options: {
      name: 'this package, with two dimensions and a `userId` function',
      isOurs: true,
      less: ['none'],
      over: ['plain'],
    },
    'none different': { name: 'the server without the package, with 20,000 different URLs' },
    'plain different': { name: 'this package, with 20,000 different URLs', ...OF_DIFFERENT },
    'dimensions different': { name: 'the same with two dimensions', ...OF_DIFFERENT },
    'options different': {
      name: 'the same with two dimensions and a `userId` function',
      ...OF_DIFFERENT,
    },
  },
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  measureTogether,
});

async function measureTogether(runs, { quick, prepared: sink }) {
  const [warmUp, requests, blocks] = quick ? [30_000, 4000, 9] : [100_000, 8000, 15];
  const servers = [];
  try {
    for (const { id, key, folder } of runs) {
      const { child, ready } = await start('own-server.mjs', {
        args: [sink.ready, ...key.split(' ')],
        folder,
      });
      servers.push({ id, child, canTrack: ready, micros: [] });
    }
    const tracking = servers.filter(({ canTrack }) => canTrack);
    for (const server of tracking) {
      server.hitsPerRequest = (await countHits(server.child, sink.child, warmUp)) / warmUp;
      process.stderr.write(` ${server.id} (${server.hitsPerRequest * KINDS} of ${KINDS} tracked)`);
    }
    for (let block = 0; block < blocks; block++) {
      for (const server of tracking) await measureBlock(server, sink.child, requests);
    }
    // The fastest block: in others, the machine was busy.
    return Object.fromEntries(tracking.map(({ id, micros }) => [id, Math.min(...micros)]));
  } finally {
    await Promise.all(servers.map(({ child }) => stop(child)));
  }
}

/** Until all hits of the block have arrived. */
async function measureBlock({ child, hitsPerRequest, micros }, sink, requests) {
  const before = await ask(child, 'cpu');
  const arrived = (await ask(sink, 'count')) + Math.round(hitsPerRequest * requests);
  await ask(child, requests);
  while ((await ask(sink, 'count')) < arrived) await sleep(5);
  await sleep(ANSWER_MILLIS);
  micros.push(((await ask(child, 'cpu')) - before) / requests);
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
