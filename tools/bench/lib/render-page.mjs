import { BENCHES } from './benches.mjs';
import { median } from './figures.mjs';
import { GOALS, REASONS } from './goals.mjs';

const BEGIN = '<!-- Made by `npm run bench`; from here on nothing is written by hand. -->';
const END = '<!-- Until here. -->';

/** The page with what was measured between its two comments; `results` by the names of the benchmarks. */
export function renderPage(page, results) {
  const [before, , after] = splitPage(page);
  return `${before}${BEGIN}\n\n${renderFigures(results)}\n${END}${after}`;
}

function splitPage(page) {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page lacks ${BEGIN} or ${END}`);
  return [page.slice(0, begin), page.slice(begin, end), page.slice(end + END.length)];
}

function renderFigures(results) {
  const [any] = Object.values(results);
  const goals = Object.entries(GOALS).map(([name, goal]) => renderGoal(name, goal, results));
  const parts = Object.entries(results).map(([name, result]) => renderBench(name, result));
  return `## The goals

${markdown([['question', 'must', 'aim', 'figure', 'least to greatest', 'met', 'why not'], ...goals])}

Measured with ${any.versions}.
On ${any.machine}.

${parts.join('\n')}`;
}

function renderGoal(name, goal, results) {
  const { bench, question, must, aim, atLeast = false } = goal;
  const sign = atLeast ? '≥' : '≤';
  const wanted = [`${sign} ${must}`, `${sign} ${aim}`];
  const values = results[bench]?.figures[name];
  if (values === undefined) return [question, ...wanted, '', '', 'not measured', ''];
  const show = (value) => value.toFixed(2);
  const figure = show(median(values));
  const range = `${show(Math.min(...values))} to ${show(Math.max(...values))}`;
  const reaches = (bound) => (atLeast ? Number(figure) >= bound : Number(figure) <= bound);
  const met = reaches(aim) ? 'yes, and the aim' : reaches(must) ? 'yes' : '**no**';
  return [question, ...wanted, figure, range, met, REASONS[name] ?? ''];
}

function renderBench(name, { rounds, rows, notes }) {
  const below = notes.length > 0 ? `\n${notes.join('\n')}\n` : '';
  const times = rounds === 1 ? 'one run' : `median (least-greatest) of ${rounds} rounds`;
  return `### ${BENCHES[name].question}

\`node tools/bench/${name}.mjs\`, ${times}:

${markdown(rows)}
${below}`;
}

function markdown([heads, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line)].join('\n');
}
