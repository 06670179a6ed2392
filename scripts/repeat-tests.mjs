// `node scripts/repeat-tests.mjs`: runs `npm test` repeatedly, also while every core is busy, and on one core.
// .repeat-tests has the output of each run, and results.txt with a line for each.
import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, run, setUp } from './setup.mjs';

const USAGE = `node scripts/repeat-tests.mjs [options] [-- arguments for npm test]
  --plain 4      runs on an otherwise idle machine
  --busy 4       runs while every core is busy
  --one-core 2   runs under taskset -c 0`;

const FOLDER = join(ROOT, '.repeat-tests');
const count = (value) => ({ type: 'string', default: value });
const { values, positionals } = readOptions();
const runs = Object.entries(values).flatMap(([mode, times]) => Array(Number(times)).fill(mode));

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER);
if (!(await setUp(note))) process.exit(1);
let good = 0;
for (const [i, mode] of runs.entries()) {
  const log = join(FOLDER, `${i + 1}-${mode}.log`);
  const start = performance.now();
  const exitCode = await runTests(mode, log);
  const seconds = Math.round((performance.now() - start) / 1000);
  const counts = /\d+ passed, \d+ failed\s*$/.exec(readFileSync(log, 'utf8'))?.[0].trim();
  if (exitCode === 0) good += 1;
  note(`${i + 1} of ${runs.length}, ${mode}: ${counts ?? 'no result'}, ${seconds} s`);
}
note(`${good} of ${runs.length} runs without a failure`);
process.exitCode = good === runs.length ? 0 : 1;

async function runTests(mode, log) {
  const burners = mode === 'busy' ? Array.from({ length: availableParallelism() }, burn) : [];
  const output = openSync(log, 'w');
  const test = [process.execPath, 'scripts/test.mjs', ...positionals];
  const [command, ...args] = mode === 'one-core' ? ['taskset', '-c', '0', ...test] : test;
  try {
    return await run(command, args, { stdio: ['ignore', output, output] });
  } finally {
    closeSync(output);
    for (const burner of burners) burner.kill('SIGKILL');
  }
}

/** Starts a process that keeps a core busy until this process ends. */
function burn() {
  const script = `const parent = ${process.pid};
    for (;;) {
      const end = Date.now() + 1000;
      while (Date.now() < end);
      try { process.kill(parent, 0); } catch { process.exit(); }
    }`;
  return spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
}

function note(line) {
  appendFileSync(join(FOLDER, 'results.txt'), `${line}\n`);
  console.log(line);
}

function readOptions() {
  const options = { plain: count('4'), busy: count('4'), 'one-core': count('2') };
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    return process.exit(2);
  }
}
