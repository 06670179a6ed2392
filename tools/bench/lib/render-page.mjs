import { BENCHES } from './benches.mjs';
import { median } from './figures.mjs';
import { GOALS, REASONS } from './goals.mjs';
import { QUESTIONS } from './questions.mjs';

const BEGIN = '<!-- Made by `npm run bench`; from here on nothing is written by hand. -->';
const END = '<!-- Until here. -->';

/** docs/performance.md with the table of what users ask, from the results of the first version of Node.js. */
export function renderPerformance(page, results) {
  const [first] = results;
  return withFigures(page, `${markdown(summaryRows(first.found))}\n\n${originOf([first])}`);
}

/** docs/benchmarks.md with all figures; `results` has for each major version of Node.js what was found, by benchmark. */
export function renderBenchmarks(page, results) {
  return withFigures(page, renderFigures(results));
}

function withFigures(page, figures) {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page lacks ${BEGIN} or ${END}`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${figures}\n\n${page.slice(end)}`;
}

function renderFigures(results) {
  const [any] = Object.values(results[0].found);
  const goals = Object.entries(GOALS).flatMap(([name, goal]) =>
    results
      .filter(({ found }) => goal.bench in found)
      .map((result) => renderGoal(name, goal, result)),
  );
  const parts = Object.keys(BENCHES).map((name) => renderBench(name, results));
  return `${originOf(results)} Packages: ${any.versions}.

## Goals

${markdown([['question', 'Node.js', 'goal', 'limit', 'measured', 'range', 'result'], ...goals])}

${parts.join('\n').trimEnd()}`;
}

/** A bound may differ between versions of Node.js: `{ 24: 1.3, 20: 1.35 }`. */
function renderGoal(name, goal, { major, found }) {
  const { bench, question, atLeast = false } = goal;
  const [must, aim] = [goal.must, goal.aim].map((bound) => bound[major] ?? bound);
  const sign = atLeast ? '≥' : '≤';
  const wanted = [String(major), `${sign} ${aim}`, `${sign} ${must}`];
  const values = found[bench]?.figures[name];
  if (values === undefined) return [question, ...wanted, '', '', 'not measured'];
  const show = (value) => value.toFixed(2);
  const range = `${show(Math.min(...values))} to ${show(Math.max(...values))}`;
  const result = reaches(values, aim, atLeast)
    ? 'meets its goal'
    : `${reaches(values, must, atLeast) ? 'Misses its goal.' : '**Misses its limit.**'} ${REASONS[name] ?? ''}`;
  return [question, ...wanted, show(median(values)), range, result.trim()];
}

function renderBench(name, results) {
  const ran = results.filter(({ found }) => name in found);
  const tables = ran.map(({ major, found }) => {
    const { rounds, rows, notes } = found[name];
    const below = notes.length > 0 ? `\n${notes.join('\n')}\n` : '';
    const times = rounds === 1 ? 'one run' : `median (lowest-highest) of ${rounds} rounds`;
    return `Node.js ${major}, ${times}:

${markdown(rows)}
${below}`;
  });
  return `### ${BENCHES[name].question}

\`node tools/bench/${name}.mjs\`

${tables.join('\n')}`;
}

/** The rows of the table in docs/performance.md, from what was found with one version of Node.js. */
function summaryRows(found) {
  return [
    ['', 'this package', 'without it', 'OTLP exporter', 'matomo-tracker'],
    ...QUESTIONS.map(({ question, ...columns }) => [
      question,
      ...['ours', 'without', 'otlp', 'tracker'].map((name) => cellOf(columns[name], found)),
    ]),
  ];
}

function cellOf(source, found) {
  if (source === undefined) return '';
  if (typeof source === 'function') return source(found);
  const [bench, label, column] = source;
  const [heads, ...rows] = found[bench].rows;
  const row = rows.find(([first]) => first === label);
  const at = heads.indexOf(column);
  if (row === undefined || at < 0) throw new Error(`${bench} has no "${column}" of "${label}"`);
  return shown(row[at]);
}

/** The median without its range; large numbers with commas. */
function shown(cell) {
  const [text] = cell.split(' (');
  const number = Number(text);
  return number >= 10_000 ? number.toLocaleString('en') : text;
}

/** Where and when results were measured, in one sentence. */
function originOf(results) {
  const all = results.flatMap(({ found }) => Object.values(found));
  const distinct = (name) => [...new Set(all.map((result) => result[name]))].sort();
  const dates = distinct('date');
  const when = dates.length === 1 ? `on ${dates[0]}` : `from ${dates[0]} to ${dates.at(-1)}`;
  const nodes = results.map(({ found }) => Object.values(found)[0].node).join(' and ');
  const commits = distinct('commit').join(', ');
  return `Measured ${when} (commit ${commits}) with Node.js ${nodes}, on ${all[0].machine}.`;
}

/** Whether a figure of several rounds reaches a bound; figures are compared as they are shown, with two digits. */
function reaches(values, bound, isAtLeast) {
  const figure = Number(median(values).toFixed(2));
  return isAtLeast ? figure >= bound : figure <= bound;
}

function markdown([heads, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line)].join('\n');
}
