// `npm run bench`: every benchmark with Node.js 24 and 20, which are installed from npm if they are not here, then the rows for the table in
// docs/limits.md. What is given after `--` goes to each of them. If one fails, the others still run.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { installNode } from '../matrix/nodes.mjs';
import { RESULTS } from './lib/run-bench.mjs';

const BENCHES = [
  'own',
  'bytes',
  'bare',
  'by-hand',
  'cpu',
  'hit',
  'delivery',
  'spool',
  'gateway',
  'turns',
  'load',
  'listen',
];

rmSync(RESULTS, { recursive: true, force: true });
const failed = [];
for (const major of [24, 20]) {
  const { path, version } = await installNode(major);
  for (const name of BENCHES) {
    process.stderr.write(`\n${name}, Node.js ${version}\n`);
    const file = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
    const { status } = spawnSync(path, [file, ...process.argv.slice(2)], { stdio: 'inherit' });
    if (status !== 0) failed.push(`${path} ${file}`);
  }
}

const results = readdirSync(RESULTS).map((file) => JSON.parse(readFileSync(RESULTS + file)));
console.log(
  `\nJSON: ${RESULTS}\n\n| Node.js | benchmark | | unit | median | median of ratios |\n|---|---|---|---|---|---|`,
);
for (const { name, node, unit, rows } of results) {
  for (const row of rows) {
    console.log(
      `| ${[node, name, row.name, unit, row.shown, row.ratios.join('; ')].join(' | ')} |`,
    );
  }
}
if (failed.length > 0) {
  process.stderr.write(`\n${failed.length} failed. Run these again:\n${failed.join('\n')}\n`);
  process.exitCode = 1;
}
