import { expect, test } from 'vitest';
import { sorted } from '../../support/sorted.js';
import { together } from '../../support/together.js';
import type { TableRow } from './rows/row.js';
import {
  type Answers,
  type End,
  expectedNames,
  type Place,
  runWith,
  runWithout,
} from './run-row.js';

/** All rows take long if the machine is busy. */
const ALL_ROWS_MILLIS = 300_000;
/** With a spool, a Matomo that is down is named, if it was asked. Its hits wait. */
const OUTAGES = [[], ['unavailable'], ['unreachable']];

type SetUp = Pick<TableRow, 'node' | 'appEnv'>;

interface Variant {
  /** Of rows that name none. */
  readonly answers: readonly Answers[];
  /** Whether a process without the package ends and writes the same. */
  readonly isCompared?: boolean;
  /** Called within tests. */
  readonly findSetUp?: () => SetUp;
}

/**
 * Tests that the processes of these rows end as without the package, and that each hit arrives once. A Matomo is `fast`, `slow` (300 ms),
 * `down` (nothing listens), or `hangs`: it never answers. One test has all rows that need nothing.
 */
export function testEnds(rows: readonly TableRow[], place: Place, variant: Variant): void {
  const title = `with ${place}, Matomo ${variant.answers.join(', ')}`;
  const run = (row: TableRow) => expectEnds(row, place, answersOf(row, variant), variant);
  for (const row of rows.filter(mayBeSkipped)) test(`${row.name}, ${title}`, () => run(row));
  const others = rows.filter((row) => !mayBeSkipped(row));
  const runAll = () => together(others, ({ name }) => name, run);
  if (others.length > 0) test(`all other ends ${title}`, runAll, ALL_ROWS_MILLIS);
}

function answersOf({ answers, isDownToo }: TableRow, variant: Variant): readonly Answers[] {
  return (
    answers ?? [...new Set<Answers>([...variant.answers, ...(isDownToo ? ['down' as const] : [])])]
  );
}

/** Windows has no signals, which skips the test that sends one. */
function mayBeSkipped(row: TableRow): boolean {
  return row.requires !== undefined || process.platform === 'win32';
}

async function expectEnds(
  row: TableRow,
  place: Place,
  answers: readonly Answers[],
  { isCompared = false, findSetUp }: Variant,
): Promise<void> {
  row.requires?.();
  const started = { ...row, ...findSetUp?.() };
  const [without, ...ends] = await Promise.all([
    isCompared && row.exitWithout !== 'none' ? runWithout(started) : undefined,
    ...answers.map((answer) => runWith(started, answer, place)),
  ]);
  if (without) expect(without.exit).toEqual(row.exitWithout ?? row.exit);
  const { prints = '' } = row;
  const printed = typeof prints === 'string' ? prints : expect.stringMatching(prints);
  for (const [i, end] of ends.entries()) {
    const answer = answers[i] as Answers;
    const allowed = codesOf(row, place, answer);
    expect({ answer, ...summaryOf(end) }).toEqual({
      answer,
      exit: row.exit,
      printed,
      arrived: arrivedOf(row, place, answer),
      codes: allowed.find((codes) => String(codes) === String(end.codes)) ?? allowed[0],
    });
    if (without && !row.printsMore) expect(end.printed).toBe(without.printed);
  }
}

/** What is usual: each hit arrives once, unless Matomo is down, and the hits are in memory. */
function arrivedOf(row: TableRow, place: Place, answer: Answers): readonly string[] {
  const isLost = answer === 'down' && place === 'memory';
  return row.expected?.[`${place} ${answer}`]?.arrived ?? (isLost ? [] : expectedNames(row));
}

/** What is usual: only then, a line says so. */
function codesOf(row: TableRow, place: Place, answer: Answers): readonly (readonly string[])[] {
  const ifDown = place === 'memory' ? [['lost-at-shutdown']] : OUTAGES;
  return row.expected?.[`${place} ${answer}`]?.codes ?? (answer === 'down' ? ifDown : [[]]);
}

function summaryOf({ exit, printed, tracked, left, codes }: End) {
  // An application of another test may still send to a port that this one has got since.
  const own = [...tracked, ...left].filter((name) => name !== 'matomo.php');
  return { exit, printed, arrived: sorted(own), codes };
}
