import { describe, expect, test } from 'vitest';
import { sampled } from '../../support/long.js';
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

/** Long tests run the rest: other versions of Node.js have a fast Matomo. */
const ANSWERS: readonly Answers[] = sampled(['slow', 'down'], ['fast', 'slow', 'down']);
/** With a spool, a Matomo that is down is named, if it was asked. Its hits wait. */
const OUTAGES = [[], ['unavailable'], ['unreachable']];

type SetUp = Pick<TableRow, 'node' | 'appEnv'>;

/**
 * Tests that the processes of these rows end as without the package, and that each hit arrives once. A Matomo is `fast`, `slow` (300 ms),
 * `down` (nothing listens; with a spool, it answers 503), or `hangs`: it never answers. `findSetUp` is called within tests.
 */
export function testEnds(
  rows: readonly TableRow[],
  place: Place,
  findSetUp: () => SetUp = () => ({}),
): void {
  const named = rows.map((row): [string, TableRow] => [row.name, row]);
  describe.each(named)('%s', (_name, row) => {
    const { answers = ANSWERS } = row;
    test(`with ${place}, Matomo ${answers.join(', ')}`, () =>
      expectEnds({ ...row, ...findSetUp() }, place, answers));
  });
}

/** The same within one test, without what `npm test` has found of Node.js: how processes end without the package. */
export function testEndsTogether(
  rows: readonly TableRow[],
  place: Place,
  usual: readonly Answers[] = ANSWERS,
  findSetUp: () => SetUp = () => ({}),
): void {
  testEnds(
    rows.filter(({ requires }) => requires),
    place,
    findSetUp,
  );
  const others = rows.filter(({ requires }) => !requires);
  test(`all other ends with ${place}, Matomo ${usual.join(', ')}`, () =>
    together(
      others,
      ({ name }) => name,
      (row) =>
        expectEnds(
          { ...row, ...findSetUp(), exitWithout: 'none' },
          place,
          sampled(row.answers?.slice(-1), row.answers) ?? usual,
        ),
    ));
}

async function expectEnds(row: TableRow, place: Place, answers: readonly Answers[]): Promise<void> {
  row.requires?.();
  const { exitWithout = row.exit } = row;
  const [without, ...ends] = await Promise.all([
    exitWithout === 'none' ? undefined : runWithout(row),
    ...answers.map((answer) => runWith(row, answer, place, arrivedOf(row, place, answer))),
  ]);
  if (without) expect(without.exit).toEqual(exitWithout);
  const printed = row.printsMore ? expect.any(String) : (without?.printed ?? expect.any(String));
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
  return { exit, printed, arrived: sorted([...tracked, ...left]), codes };
}
