import { parseArgs } from 'node:util';
import { BENCHES } from './benches.mjs';

/** Rounds from which on a result is kept, to be shown on the page. */
export const FULL_ROUNDS = 7;
/** The first rounds, which also measure ways that are only a reference. */
export const REFERENCE_ROUNDS = 3;
const QUICK_ROUNDS = 3;
const QUICK_SHARE = 0.5; // of the time of a full round

/** What the command line asks for: `--rounds 7`, `--quick`, and `--only` for the ways that have a text in their names. */
export function readArguments() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
    },
  });
  const { quick, only } = values;
  const rounds = Number(values.rounds ?? (quick ? QUICK_ROUNDS : FULL_ROUNDS));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number');
  return { rounds, quick, only };
}

/** How many rounds of a benchmark run: what repeats well has enough of few. */
export function roundsOf(name, { rounds }) {
  return Math.min(rounds, BENCHES[name].maxRounds ?? rounds);
}

export function isFull({ rounds, quick, only }) {
  return !quick && only === undefined && rounds >= FULL_ROUNDS;
}

/** About how long a benchmark takes. */
export function secondsOf(name, given) {
  const { roundSeconds, laterRoundSeconds = roundSeconds } = BENCHES[name];
  const rounds = roundsOf(name, given);
  const complete = Math.min(rounds, REFERENCE_ROUNDS);
  const seconds = complete * roundSeconds + (rounds - complete) * laterRoundSeconds;
  return seconds * (given.quick ? QUICK_SHARE : 1);
}

export function minutes(seconds) {
  return seconds < 90 ? `${Math.ceil(seconds)} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}
