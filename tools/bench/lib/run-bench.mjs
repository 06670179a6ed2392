// Rounds, tables and results, which are the same for all benchmarks.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { readArguments } from './arguments.mjs';
import { median, spread, table } from './figures.mjs';

/** One file for each benchmark and major version of Node.js. The nightly job uploads them. */
export const RESULTS = fileURLToPath(new URL('../.results/', import.meta.url));

/**
 * Measures each way once a round, in another order each time, and prints and keeps the median of all rounds. `bench` has:
 *
 * - `question`, and the `unit` of what `measure` resolves to (`undefined` if a package does not have what a way needs)
 * - `ways` by key, each with a `name`. `isOurs` ways are measured with each package that the command line names; others do not depend on
 *   the package. `less` are ways whose values are subtracted, and `over` those that the value is divided by.
 * - `measureTogether` instead of `measure`, if it resolves to the values of all runs by their `id`
 * - `prepare` and `end`, which make and remove what all rounds share
 * - `maxRounds`, if a round is long or repeats well
 */
export async function runBench(name, bench) {
  const given = await readArguments();
  const runs = runsOf(bench.ways, given);
  const rounds = Math.min(given.rounds, bench.maxRounds ?? given.rounds);
  process.stderr.write(`${bench.question} ${rounds} rounds.\n`);
  const prepared = await bench.prepare?.();
  const measured = [];
  try {
    for (let round = 0; round < rounds; round++) {
      process.stderr.write(`${name} ${round + 1}/${rounds}:`);
      measured.push(await measureRound(bench, runs, { round, quick: given.quick, prepared }));
      process.stderr.write('\n');
    }
  } finally {
    await bench.end?.(prepared);
  }
  const rows = runs.map((run) => summarize(run, runs, measured, bench));
  const { question, unit } = bench;
  console.log(
    `\n${question}\n\n${table([
      ['', unit, 'median of ratios (lowest-highest)'],
      ...rows.map(({ name: of, shown, ratios }) => [of, shown, ratios.join('; ')]),
    ])}`,
  );
  saveResult(name, { question, unit, quick: given.quick, rounds, rows });
}

/** Each way with each package that it depends on; with `--only`, the wanted ones and those that they are compared with. */
function runsOf(ways, { only, packages }) {
  const wanted = Object.entries(ways).filter(([key]) => only === undefined || key.includes(only));
  const keys = new Set(
    wanted.flatMap(([key, { less = [], over = [] }]) => [key, ...less, ...over]),
  );
  return Object.entries(ways)
    .filter(([key]) => keys.has(key))
    .flatMap(([key, way]) =>
      (way.isOurs ? packages : packages.slice(0, 1)).map((of, index) => ({
        ...way,
        key,
        id: idOf(key, index),
        index,
        name: `${way.name}${way.isOurs ? of.name : ''}`,
        folder: of.folder,
      })),
    );
}

function idOf(key, packageIndex) {
  return packageIndex === 0 ? key : `${key}, the other`;
}

async function measureRound({ measure, measureTogether }, runs, given) {
  const ordered = inOrderOf(given.round, runs);
  if (measureTogether) return measureTogether(ordered, given);
  const measured = {};
  for (const { id, key, folder } of ordered) {
    process.stderr.write(` ${id}`);
    measured[id] = await measure(key, { ...given, folder });
  }
  return measured;
}

/** What comes first changes from round to round, since what comes later meets a warmer machine; and so does which package does. */
function inOrderOf(round, runs) {
  const first = round % runs.length;
  const rotated = [...runs.slice(first), ...runs.slice(0, first)];
  return round % 2 === 0 ? rotated : rotated.reverse();
}

function summarize(run, runs, measured, { digits = 1 }) {
  const valuesOf = (id) => measured.map((round) => valueIn(round, runs, id));
  const values = valuesOf(run.id).filter((value) => value !== undefined);
  if (values.length === 0)
    return { name: run.name, values, shown: 'not with this version', ratios: [] };
  const { over = [], index } = run;
  const references = over.map((key) => findRun(runs, key, index)).filter(Boolean);
  if (run.isOurs && index === 0)
    references.push(...runs.filter(({ key, index: i }) => key === run.key && i > 0));
  const ratios = references
    .map(({ id, name }) => ({ name, of: ratiosOf(valuesOf(run.id), valuesOf(id)) }))
    .filter(({ of }) => of.length > 0)
    .map(({ name, of }) => `${spread(of)} over ${name.replace(`${run.name}, `, '')}`);
  const shown = spread(values, digits);
  return { name: run.name, values, median: median(values), shown, ratios };
}

/** What a run measured, less what is subtracted of it. */
function valueIn(round, runs, id) {
  const { less = [], index } = runs.find((run) => run.id === id);
  return less.reduce((value, key) => {
    const subtracted = findRun(runs, key, index);
    return subtracted && value !== undefined ? value - round[subtracted.id] : value;
  }, round[id]);
}

/** A way with the same package, or the only run of it. */
function findRun(runs, key, index) {
  return runs.find(({ id }) => id === idOf(key, index)) ?? runs.find(({ id }) => id === key);
}

function ratiosOf(values, references) {
  return values.map((value, i) => value / references[i]).filter((ratio) => !Number.isNaN(ratio));
}

function saveResult(name, result) {
  mkdirSync(RESULTS, { recursive: true });
  const { node } = process.versions;
  const { stdout: commit } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], {
    encoding: 'utf8',
  });
  const [cpu] = cpus();
  const machine = `${process.platform} ${process.arch}, ${cpus().length} x ${cpu.model.trim()}`;
  const kept = { name, ...result, node, commit: commit.trim(), machine };
  const [major] = node.split('.');
  writeFileSync(`${RESULTS}${name}-node-${major}.json`, `${JSON.stringify(kept, null, 2)}\n`);
}
