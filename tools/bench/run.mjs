// `npm run bench`: every benchmark, then docs/performance.md. What is given after `--` goes to each of them; runs of fewer
// than seven rounds, and quick ones, leave the page as it is.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BENCHES } from './lib/benches.mjs';
import { isFull, minutes, readArguments, secondsOf } from './lib/rounds.mjs';

const given = readArguments();
const names = Object.keys(BENCHES);
const seconds = names.reduce((sum, name) => sum + secondsOf(name, given), 0);
process.stderr.write(`${names.length} benchmarks, about ${minutes(seconds)}.\n`);

for (const [i, name] of names.entries()) {
  process.stderr.write(`\n${i + 1} of ${names.length}: ${name}\n`);
  run(`${name}.mjs`, process.argv.slice(2));
}
if (isFull(given)) run('page.mjs', []);

function run(script, args) {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { status } = spawnSync(process.execPath, [file, ...args], { stdio: 'inherit' });
  if (status === 0) return;
  process.stderr.write(`${script} failed; docs/performance.md is as it was.\n`);
  process.exit(1);
}
