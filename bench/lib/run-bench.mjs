import { parseArgs } from 'node:util';
import { BENCHES } from './benches.mjs';
import { table } from './figures.mjs';
import { saveResult } from './results.mjs';

/** Rounds from which on a result is kept, to be rendered on the page. */
const FULL_ROUNDS = 7;
const QUICK_ROUNDS = 3;

/**
 * Runs the rounds that the command line asks for and prints the benchmark's table. `measureRound` gives whatever
 * `summarize` makes figures, rows and notes of:
 *
 * - `figures`: for each goal the ratios, one for each round
 * - `rows`: the table, its first row the names of the columns
 * - `notes`: sentences below it
 */
export async function runBench(name, { measureRound, summarize, prepare, end }) {
  const { rounds, quick } = readArguments();
  const { question, roundSeconds } = BENCHES[name];
  process.stderr.write(
    `${question} ${rounds} rounds, about ${minutes(rounds * roundSeconds * (quick ? 0.5 : 1))}.\n`,
  );
  const prepared = await prepare?.({ quick });
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
  const { figures, rows, notes = [] } = summarize(all);
  console.log(`\n${question}\n\n${table(rows)}\n`);
  for (const note of notes) console.log(note);
  if (quick || rounds < FULL_ROUNDS) {
    console.log(`Not kept for docs/performance.md, which takes ${FULL_ROUNDS} full rounds.`);
    return;
  }
  saveResult(name, { rounds, figures, rows, notes });
}

/** Which of several goes first changes from round to round: the later ones meet a warmer machine. */
export function rotate(names, round) {
  const first = round % names.length;
  return [...names.slice(first), ...names.slice(0, first)];
}

/** For each round, what `of` makes of one over what it makes of another. */
export function ratios(all, of, over) {
  return all.map((round) => of(round) / over(round));
}

export function minutes(seconds) {
  return seconds < 90 ? `${Math.ceil(seconds)} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}

function say(text) {
  process.stderr.write(` ${text}`);
}

function readArguments() {
  const { values } = parseArgs({
    options: { rounds: { type: 'string' }, quick: { type: 'boolean', default: false } },
  });
  const rounds = Number(values.rounds ?? (values.quick ? QUICK_ROUNDS : FULL_ROUNDS));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds wants a whole number');
  return { rounds, quick: values.quick };
}
