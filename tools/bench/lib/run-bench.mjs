import { BENCHES } from './benches.mjs';
import { table } from './figures.mjs';
import { saveResult } from './results.mjs';
import { FULL_ROUNDS, isFull, minutes, readArguments, secondsOf } from './rounds.mjs';

/**
 * Runs the rounds that the command line asks for, each measuring all `ways` in turn (or what `measureRound` does), and prints
 * and keeps what `summarize` makes of what they measured:
 *
 * - `figures`: for each goal the figure of each round
 * - `rows`: a table, its first row the names of the columns
 * - `notes`: sentences below it
 */
export async function runBench(name, bench) {
  const { prepare, end, summarize, measureRound = (given) => measureInTurn(bench, given) } = bench;
  const given = readArguments();
  const { rounds, quick } = given;
  const { question } = BENCHES[name];
  process.stderr.write(`${question} ${rounds} rounds, about ${minutes(secondsOf(name, given))}.\n`);
  const prepared = await prepare?.();
  const all = [];
  try {
    for (let round = 0; round < rounds; round++) {
      process.stderr.write(`${name} ${round + 1}/${rounds}:`);
      all.push(await measureRound({ round, quick, prepared }));
      process.stderr.write('\n');
    }
  } finally {
    await end?.(prepared);
  }
  report(name, { rounds, ...summarize(all) }, isFull(given));
}

/** Prints the table, and keeps the result for the page where the run was a full one. */
export function report(name, { rounds, figures, rows, notes = [] }, full) {
  console.log(`\n${BENCHES[name].question}\n\n${table(rows)}`);
  if (notes.length > 0) console.log(`\n${notes.join('\n')}`);
  if (full) saveResult(name, { rounds, figures, rows, notes });
  else console.log(`\nNot kept for docs/performance.md, which takes ${FULL_ROUNDS} full rounds.`);
}

/** For each round, what `of` makes of it over what `over` makes of it. */
export function ratios(all, of, over) {
  return all.map((round) => of(round) / over(round));
}

/** What each way measures, by its name. */
async function measureInTurn({ ways, measure }, given) {
  const measured = {};
  for (const way of rotate(ways, given.round)) {
    process.stderr.write(` ${way}`);
    measured[way] = await measure(way, given);
  }
  return measured;
}

/** Which of several goes first changes from round to round: the later ones meet a warmer machine. */
function rotate(names, round) {
  const first = round % names.length;
  return [...names.slice(first), ...names.slice(0, first)];
}
