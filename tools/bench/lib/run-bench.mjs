import { BENCHES } from './benches.mjs';
import { table } from './figures.mjs';
import { saveResult } from './results.mjs';
import {
  FULL_ROUNDS,
  isFull,
  minutes,
  REFERENCE_ROUNDS,
  readArguments,
  roundsOf,
  secondsOf,
} from './rounds.mjs';

/**
 * Runs the rounds that the command line asks for, each measuring all `ways` in turn (or what `measureRound` does), and prints
 * and keeps what `summarize` makes of what they measured:
 *
 * - `figures`: for each goal the figure of each round
 * - `rows`: a table, its first row the names of the columns
 * - `notes`: sentences below it
 *
 * `hasApartWays` lets `--only` pick some ways: no figure compares them. `references` are ways that only the first rounds measure,
 * because no narrow goal depends on them: `measuredIn` has the rounds of one.
 */
export async function runBench(name, bench) {
  const given = readArguments();
  const { question } = BENCHES[name];
  const { quick } = given;
  const rounds = roundsOf(name, given);
  const { prepare, end, summarize, measureRound, references = [] } = bench;
  const ways = waysOf(bench, given);
  const share = given.only === undefined ? 1 : ways.length / bench.ways.length;
  const duration = minutes(secondsOf(name, given) * share);
  process.stderr.write(`${question} ${rounds} rounds, about ${duration}.\n`);
  const prepared = await prepare?.();
  const all = [];
  try {
    for (let round = 0; round < rounds; round++) {
      process.stderr.write(`${name} ${round + 1}/${rounds}:`);
      const now = { round, quick, prepared };
      const measured = round < REFERENCE_ROUNDS ? ways : without(ways, references);
      all.push(await (measureRound?.(now) ?? measureInTurn(bench.measure, measured, now)));
      process.stderr.write('\n');
    }
  } finally {
    await end?.(prepared);
  }
  const found = summarize(all);
  if (references.length > 0 && rounds > REFERENCE_ROUNDS)
    found.notes = [...(found.notes ?? []), fewerRounds(references.map((way) => bench.names[way]))];
  report(name, { rounds, ...found }, isFull(given));
}

function fewerRounds(names) {
  return `In ${REFERENCE_ROUNDS} rounds only: ${names.join('; ')}.`;
}

/** Prints the table, and keeps the result for the page where the run was a full one. */
export function report(name, { rounds, figures, rows, notes = [] }, full) {
  console.log(`\n${BENCHES[name].question}\n\n${table(rows)}`);
  if (notes.length > 0) console.log(`\n${notes.join('\n')}`);
  if (full) saveResult(name, { rounds, figures, rows, notes });
  else console.log(`\nNot kept for docs/benchmarks.md, which takes ${FULL_ROUNDS} full rounds.`);
}

/** All, or those that match `--only` if each makes sense without the others. */
function waysOf({ ways, hasApartWays = false }, { only }) {
  if (only === undefined) return ways;
  if (!hasApartWays) throw new Error('--only is for benchmarks that compare nothing');
  const found = ways.filter((way) => way.includes(only));
  if (found.length === 0) throw new Error(`there are only: ${ways.join(', ')}`);
  return found;
}

/** The rounds that measured a way. */
export function measuredIn(all, way) {
  return all.filter((round) => way in round);
}

/** For each round, what `of` makes of it over what `over` makes of it. */
export function ratios(all, of, over) {
  return all.map((round) => of(round) / over(round));
}

/** What each way measures, by its name. */
async function measureInTurn(measure, ways, given) {
  const measured = {};
  for (const way of rotate(ways, given.round)) {
    process.stderr.write(` ${way}`);
    measured[way] = await measure(way, given);
  }
  return measured;
}

function without(ways, references) {
  return ways.filter((way) => !references.includes(way));
}

/** Which of several goes first changes from round to round: the later ones meet a warmer machine. */
function rotate(names, round) {
  const first = round % names.length;
  return [...names.slice(first), ...names.slice(0, first)];
}
