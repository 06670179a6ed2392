// `npm run bench`: every benchmark with each Node.js of the page, which are installed from npm if they are not here, then
// docs/performance.md and docs/benchmarks.md. What is given after `--` goes to each of them; runs of fewer than seven rounds, and quick ones, leave the
// pages as they are. If one fails, the others still run and keep their results.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { installNode } from '../matrix/nodes.mjs';
import { BENCHES } from './lib/benches.mjs';
import { sum } from './lib/figures.mjs';
import { NODES, nodesOf } from './lib/results.mjs';
import { isFull, minutes, readArguments, secondsOf } from './lib/rounds.mjs';

const given = readArguments();
const names = Object.keys(BENCHES);
const seconds = sum(names.map((name) => nodesOf(name).length * secondsOf(name, given)));
const failed = [];
const nodes = new Map();
for (const major of NODES) nodes.set(major, await installNode(major));
const versions = [...nodes.values()].map(({ version }) => version).join(' and ');
process.stderr.write(
  `${names.length} benchmarks with Node.js ${versions}, about ${minutes(seconds)}.\n`,
);

for (const [i, name] of names.entries()) {
  for (const major of nodesOf(name)) {
    const { path, version } = nodes.get(major);
    process.stderr.write(`\n${i + 1} of ${names.length}: ${name}, Node.js ${version}\n`);
    if (!run(`${name}.mjs`, process.argv.slice(2), path)) failed.push(`${path} ${scriptOf(name)}`);
  }
}
if (failed.length > 0) {
  process.stderr.write(
    `\n${failed.length} failed; the pages are as they were. Run these again, then ${scriptOf('page')}:\n${failed.join('\n')}\n`,
  );
  process.exitCode = 1;
} else if (isFull(given) && !run('page.mjs', [])) process.exitCode = 1;

function scriptOf(name) {
  return `tools/bench/${name}.mjs`;
}

function run(script, args, node = process.execPath) {
  const file = fileURLToPath(new URL(script, import.meta.url));
  return spawnSync(node, [file, ...args], { stdio: 'inherit' }).status === 0;
}
