// `npm run bench`: every benchmark with each Node.js of the page, which are installed from npm if they are not here, then
// docs/performance.md. What is given after `--` goes to each of them; runs of fewer
// than seven rounds, and quick ones, leave the page as it is.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { installNode } from '../matrix/nodes.mjs';
import { BENCHES } from './lib/benches.mjs';
import { NODES } from './lib/results.mjs';
import { isFull, minutes, readArguments, secondsOf } from './lib/rounds.mjs';

const given = readArguments();
const names = Object.keys(BENCHES);
const seconds = NODES.length * names.reduce((sum, name) => sum + secondsOf(name, given), 0);
const nodes = [];
for (const major of NODES) nodes.push(await installNode(major));
const versions = nodes.map(({ version }) => version).join(' and ');
process.stderr.write(
  `${names.length} benchmarks with Node.js ${versions}, about ${minutes(seconds)}.\n`,
);

for (const [i, name] of names.entries()) {
  for (const { path, version } of nodes) {
    process.stderr.write(`\n${i + 1} of ${names.length}: ${name}, Node.js ${version}\n`);
    run(`${name}.mjs`, process.argv.slice(2), path);
  }
}
if (isFull(given)) run('page.mjs', []);

function run(script, args, node = process.execPath) {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { status } = spawnSync(node, [file, ...args], { stdio: 'inherit' });
  if (status === 0) return;
  process.stderr.write(`${script} failed; docs/performance.md is as it was.\n`);
  process.exit(1);
}
