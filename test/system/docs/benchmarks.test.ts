import { expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { read } from './pages.js';

interface Found {
  rounds: number;
  rows: string[][];
  notes: string[];
  figures: Record<string, number[]>;
  node: string;
  date: string;
  commit: string;
  machine: string;
  versions: string;
}
type Results = { major: number; found: Record<string, Found> }[];
type Source = readonly [bench: string, label: string, column: string];
type Bound = number | Record<number, number>;
type Render = (page: string, results: Results) => string;
interface Goal {
  bench: string;
  must: Bound;
  aim: Bound;
  atLeast?: boolean;
}

const tools = async (name: string) => import(`${ROOT}tools/bench/lib/${name}.mjs`);
const { renderPerformance, renderBenchmarks } = (await tools('render-page')) as Record<
  'renderPerformance' | 'renderBenchmarks',
  Render
>;
const { QUESTIONS } = (await tools('questions')) as {
  QUESTIONS: Record<string, string | Source | undefined>[];
};
const { GOALS } = (await tools('goals')) as { GOALS: Record<string, Goal> };
const { BENCHES } = (await tools('benches')) as { BENCHES: Record<string, unknown> };

const PERFORMANCE = read('docs/performance.md');
const BENCHMARKS = read('docs/benchmarks.md');
const sources = QUESTIONS.flatMap((question) =>
  Object.values(question).filter((source): source is Source => Array.isArray(source)),
);

const limitOf = (bound: Bound) => (typeof bound === 'number' ? bound : (bound[24] ?? 0));

/** Results in which every figure has this ratio to the limit of its goal. */
function resultsAt(ratio: number): Results {
  const found: Record<string, Found> = {};
  for (const bench of Object.keys(BENCHES)) {
    const ofBench = sources.filter(([name]) => name === bench);
    const heads = [...new Set(ofBench.map(([, , column]) => column))];
    const labels = [...new Set(ofBench.map(([, label]) => label))];
    const cells = (label: string) => heads.map((_, i) => `${12_345 + label.length + i} (1-2)`);
    found[bench] = {
      rounds: 7,
      rows: [['', ...heads], ...labels.map((label) => [label, ...cells(label)])],
      notes: [],
      figures: Object.fromEntries(
        Object.entries(GOALS)
          .filter(([, goal]) => goal.bench === bench)
          // One is added to limits of 0, which no ratio exceeds.
          .map(([name, { must }]) => [name, [ratio * limitOf(must) + (ratio - 1)]]),
      ),
      node: '24.0.0',
      date: '2026-01-02',
      commit: 'abc1234',
      machine: 'a machine',
      versions: 'versions',
    };
  }
  (found.memory as Found).rows = [[''], ['10,000', '20.0 MiB'], ['1,010,000', '21.0 MiB']];
  return [{ major: 24, found }];
}

test('both pages are written from results, with their date and commit', () => {
  const results = resultsAt(1);
  const performance = renderPerformance(PERFORMANCE, results);
  const benchmarks = renderBenchmarks(BENCHMARKS, results);
  for (const page of [performance, benchmarks]) {
    expect(page).toContain('2026-01-02 (commit abc1234)');
  }
  for (const { question } of QUESTIONS) expect(performance).toContain(`| ${question} | `);
  expect(performance).toContain('20.0 MiB, 21.0 MiB');
  expect(renderPerformance(performance, results)).toBe(performance);
});

test('a row that misses its goal or its limit says so', () => {
  const rowsAt = (ratio: number) =>
    renderBenchmarks(BENCHMARKS, resultsAt(ratio))
      .split('\n')
      .filter((line) => /\| [≤≥] /.test(line));
  for (const row of rowsAt(2)) {
    expect(row).toMatch(row.includes('≥') ? /meets its goal|Misses its goal/ : /Misses its limit/);
  }
});

test('the page of what users ask has figures that are on the page of all benchmarks', () => {
  const [, table = ''] = /(\| {2}\|.*?)\n\n/s.exec(PERFORMANCE) ?? [];
  const figures = table.match(/(?<=\| )[\d,.]+(?= \|)/g) ?? [];
  expect(figures).not.toEqual([]);
  const missing = figures.filter((figure) => !BENCHMARKS.includes(figure.replaceAll(',', '')));
  expect(missing).toEqual([]);
});
