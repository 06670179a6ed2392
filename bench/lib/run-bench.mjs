import { BENCHES } from './benches.mjs';
import { table } from './figures.mjs';
import { saveResult } from './results.mjs';
import { FULL_ROUNDS, isFull, minutes, readArguments, secondsOf } from './rounds.mjs';

/**
 * Runs the rounds that the command line asks for, and prints and keeps what `summarize` makes of what they measured:
 *
 * - `figures`: for each goal the figure of each round
 * - `rows`: a table, its first row the names of the columns
 * - `notes`: sentences below it
 */
export async function runBench(name, { measureRound, summarize, prepare, end }) {
  const given = readArguments();
  const { rounds, quick } = given;
  const { question } = BENCHES[name];
  process.stderr.write(`${question} ${rounds} rounds, about ${minutes(secondsOf(name, given))}.\n`);
  const prepared = await prepare?.();
  const all = [];
  try {
    for (let round = 0; round < rounds; round++) {
      process.stderr.write(`${name} ${round + 1}/${rounds}:`);
      all.push(await measureRound({ round, quick, prepared, say }));
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

function say(text) {
  process.stderr.write(` ${text}`);
}
