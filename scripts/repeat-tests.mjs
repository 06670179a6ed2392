// `node scripts/repeat-tests.mjs`: runs `npm test` repeatedly in the background, also on a busy machine, on one core, and on one that
// stands still now and then.
// .repeat-tests has the output of each run, and results.txt with a line for each.
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ROOT, run, setUp } from './setup.mjs';

const USAGE = `node scripts/repeat-tests.mjs [options] [-- arguments for npm test]
  --plain 4      runs on an otherwise idle machine
  --busy 4       runs while every core is busy
  --one-core 2   runs under taskset -c 0
  --stopped 2    runs whose processes are stopped for up to a second now and then
  --foreground   wait for the runs to finish`;

const FOLDER = join(ROOT, '.repeat-tests');
const RESULTS = join(FOLDER, 'results.txt');
const count = (value) => ({ type: 'string', default: value });

const { values, positionals } = readOptions();
if (values.foreground) await repeat();
else startInBackground();

async function repeat() {
  const modes = ['plain', 'busy', 'one-core', 'stopped'];
  const runs = modes.flatMap((mode) => Array(Number(values[mode])).fill(mode));
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER);
  if (!(await setUp(note))) return;
  let good = 0;
  let isStopped = false;
  process.once('SIGTERM', () => {
    isStopped = true;
  });
  for (const [i, mode] of runs.entries()) {
    if (isStopped) break;
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
}

async function runTests(mode, log) {
  const burners = mode === 'busy' ? Array.from({ length: availableParallelism() }, burn) : [];
  const end = new AbortController();
  if (mode === 'stopped') void stopNowAndThen(end.signal);
  const output = openSync(log, 'w');
  const test = [process.execPath, 'scripts/test.mjs', ...positionals];
  const [command, ...args] = mode === 'one-core' ? ['taskset', '-c', '0', ...test] : test;
  try {
    return await run(command, args, { stdio: ['ignore', output, output] });
  } finally {
    closeSync(output);
    end.abort();
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

/** Stops some processes of the tests for a moment, or all of them, as a busy virtual machine does. */
async function stopNowAndThen(signal) {
  while (!signal.aborted) {
    await wait(200 + Math.random() * 1000);
    const running = runningProcesses();
    const share = Math.random() < 0.3 ? 1 : 0.1;
    const stopped = running.filter(() => Math.random() < share);
    for (const pid of stopped) send(pid, 'SIGSTOP');
    await wait(50 + Math.random() * 950);
    for (const pid of stopped) send(pid, 'SIGCONT');
  }
}

/** Those that this process has started, and theirs, without those that a test has stopped. `script` stops itself if its child is stopped. */
function runningProcesses() {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,ppid=,stat=,comm='], { encoding: 'utf8' });
  const rows = stdout.trim().split('\n');
  const processes = rows.map((row) => row.trim().split(/\s+/));
  const ours = new Set([String(process.pid)]);
  for (const [pid, parent] of processes) if (ours.has(parent)) ours.add(pid); // parents come first
  ours.delete(String(process.pid));
  const terminals = new Set(
    processes.flatMap(([pid, , , name]) => (name === 'script' ? [pid] : [])),
  );
  return processes
    .filter(([pid, parent]) => ours.has(pid) && !terminals.has(parent))
    .filter(([, , state]) => !state.startsWith('T'))
    .map(([pid]) => Number(pid));
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

function startInBackground() {
  const args = [fileURLToPath(import.meta.url), '--foreground', ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { cwd: ROOT, detached: true, stdio: 'ignore' });
  child.unref();
  console.log(`Process ${child.pid} runs the tests. Results: ${RESULTS}`);
}

function note(line) {
  appendFileSync(RESULTS, `${line}\n`);
  console.log(line);
}

function readOptions() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        plain: count('4'),
        busy: count('4'),
        'one-core': count('2'),
        stopped: count('2'),
        foreground: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    return process.exit(2);
  }
}
