// `node tools/bench/page.mjs`: writes docs/performance.md and docs/benchmarks.md anew from what the benchmarks found when they were last run in full.
import { readFileSync, writeFileSync } from 'node:fs';
import { BENCHES } from './lib/benches.mjs';
import { renderBenchmarks, renderPerformance } from './lib/render-page.mjs';
import { NODES, nodesOf, readResult } from './lib/results.mjs';

const PAGES = {
  performance: renderPerformance,
  benchmarks: renderBenchmarks,
};

const results = NODES.map((major) => ({
  major,
  found: Object.fromEntries(
    Object.keys(BENCHES)
      .filter((name) => nodesOf(name).includes(major))
      .map((name) => [name, readResult(name, major)]),
  ),
}));
const complaints = complaintsAbout(
  results.flatMap(({ major, found }) =>
    Object.entries(found).map(([name, result]) => [`${name} with Node.js ${major}`, result]),
  ),
);
if (complaints.length > 0) {
  for (const complaint of complaints) console.error(complaint);
  process.exit(1);
}
for (const [name, render] of Object.entries(PAGES)) {
  const page = new URL(`../../docs/${name}.md`, import.meta.url);
  writeFileSync(page, render(readFileSync(page, 'utf8'), results));
  console.log(`docs/${name}.md is written.`);
}

/** All must be there, and of one machine with the same versions. */
function complaintsAbout(found) {
  const missing = found.filter(([, result]) => result === undefined);
  if (missing.length > 0) return missing.map(([name]) => `not measured in full yet: ${name}`);
  const [first, ...others] = found;
  const of = ([, { machine, versions }]) => `${machine}, ${versions}`;
  return others
    .filter((other) => of(other) !== of(first))
    .map((other) => `${other[0]} was measured elsewhere than ${first[0]}: ${of(other)}`);
}
