// How many bytes does this package allocate for a request, without a network and without tracing?
//
//   node tools/bench/bytes.mjs --rounds 3 [--over ae61b62]
//
// The requests are those of `own`. The new space is so large that hardly a block meets a collection.
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, start, stop } from './lib/child-process.mjs';
import { median } from './lib/figures.mjs';
import { runBench } from './lib/run-bench.mjs';

const WARM_UP = 100_000;
const REQUESTS = 4000;
const BLOCKS = 9;
const ANSWER_MILLIS = 1000;
const NODE_OPTIONS = ['--min-semi-space-size=512', '--max-semi-space-size=512'];

await runBench('bytes', {
  question: 'How many bytes does this package allocate for a request?',
  unit: 'bytes per request',
  digits: 0,
  ways: {
    none: { name: 'the server without the package' },
    plain: { name: 'this package', isOurs: true, less: ['none'] },
  },
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  async measure(way, { folder, prepared: sink }) {
    const args = [sink.ready, way];
    const { child } = await start('own-server.mjs', { args, folder, nodeOptions: NODE_OPTIONS });
    const bytes = [];
    try {
      await ask(child, WARM_UP);
      for (let block = 0; block < BLOCKS; block++) {
        await sleep(ANSWER_MILLIS); // until bulks are answered
        const before = await ask(child, 'bytes');
        await ask(child, REQUESTS);
        await sleep(ANSWER_MILLIS);
        bytes.push(((await ask(child, 'bytes')) - before) / REQUESTS);
      }
    } finally {
      await stop(child);
    }
    return median(bytes);
  },
});
