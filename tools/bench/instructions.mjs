// How many instructions does a hit take? Unlike time, their number hardly depends on the machine and on what else it does.
//
//   node tools/bench/instructions.mjs --rounds 1 [--over ae61b62]
//
// Needs valgrind, a package of Debian, under which a process is 50 times slower. The kernel is not counted.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { only, start, stop } from './lib/child-process.mjs';
import { runBench } from './lib/run-bench.mjs';

const HITS_IN_A_BULK = 100;
/** Their difference leaves out the start of the process, and most of what V8 compiles. */
const BULKS = [1500, 2100];
/** Otherwise it depends on chance how early the threads of V8 have compiled a function. */
const NODE_OPTIONS = ['--single-threaded'];

await runBench('instructions', {
  question: 'How many instructions does a hit take, from its ended span to its answer?',
  unit: 'instructions per hit',
  digits: 0,
  ways: {
    posted: { name: 'undici, ready-made Buffers' },
    plain: { name: 'this package', isOurs: true },
    different: { name: 'this package, with 20,000 different URLs', isOurs: true },
  },
  prepare: () => start('sink.mjs', { args: [String(HITS_IN_A_BULK)] }),
  end: (sink) => stop(sink.child),
  async measure(way, { folder, prepared: sink }) {
    const [less, more] = await Promise.all(
      BULKS.map((bulks) => countInstructions([way, sink.ready, String(bulks)], folder)),
    );
    return (more - less) / ((BULKS[1] - BULKS[0]) * HITS_IN_A_BULK);
  },
});

/** The instructions of a process that delivers. */
async function countInstructions(args, folder) {
  const directory = await mkdtemp(join(tmpdir(), 'instructions-'));
  const file = join(directory, 'counts');
  const valgrind = ['--quiet', '--tool=cachegrind', '--cache-sim=no', '--smc-check=all-non-file'];
  const nodeOptions = [
    ...valgrind,
    `--cachegrind-out-file=${file}`,
    process.execPath,
    ...NODE_OPTIONS,
  ];
  try {
    await only('deliver.mjs', { args, folder, nodeOptions, execPath: 'valgrind' });
    return Number(/^summary: (\d+)/m.exec(await readFile(file, 'utf8'))[1]);
  } finally {
    await rm(directory, { recursive: true });
  }
}
