// How many instructions does a hit take? They repeat to one percent where times do not, and decide between variants.
//
//   node tools/bench/instructions.mjs [--rounds 7] [--quick] [--only varied]
//
// Counted by callgrind (Debian's package valgrind): those of 300,000 hits less those of 200,000, so that neither the start of the
// process nor the compiler counts: until then, V8 still compiles what runs once for a bulk.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { count, median } from './lib/figures.mjs';
import { runBench } from './lib/run-bench.mjs';
import { TRAFFIC } from './parts/requests.mjs';

const SCRIPT = fileURLToPath(new URL('parts/instructions.mjs', import.meta.url));
/** Hits before those that count, and how many count. */
const HITS = { warmUp: 200_000, counted: 100_000 };
const QUICK_HITS = { warmUp: 10_000, counted: 10_000 };
const TOOL = ['--tool=callgrind', '--callgrind-out-file=/dev/null'];

async function instructionsOf(traffic, hits) {
  const node = [process.execPath, '--single-threaded', SCRIPT, traffic, String(hits)];
  const { stderr } = await promisify(execFile)('valgrind', [...TOOL, ...node]).catch((error) => {
    throw error.code === 'ENOENT' ? new Error('valgrind is not installed') : error;
  });
  return Number(/Collected : (\d+)/.exec(stderr)[1]);
}

const NAMES = { own: '200 visitors, 12,701 URLs', varied: '20,000 visitors, varied texts' };

await runBench('instructions', {
  ways: Object.keys(TRAFFIC),
  hasApartWays: true,
  async measure(traffic, { quick }) {
    const { warmUp, counted } = quick ? QUICK_HITS : HITS;
    // Side by side: other processes do not change what is counted.
    const [before, after] = await Promise.all([
      instructionsOf(traffic, warmUp),
      instructionsOf(traffic, warmUp + counted),
    ]);
    return (after - before) / counted;
  },
  summarize(all) {
    const found = Object.keys(all[0]);
    const ofEach = (traffic) => all.map((round) => round[traffic]);
    return {
      figures: Object.fromEntries(
        found.map((traffic) => [`instructions-${traffic}`, ofEach(traffic)]),
      ),
      rows: [
        ['traffic', 'instructions per hit'],
        ...found.map((traffic) => [NAMES[traffic], count(Math.round(median(ofEach(traffic))))]),
      ],
    };
  },
});
