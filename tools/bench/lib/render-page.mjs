import { BENCHES } from './benches.mjs';
import { median } from './figures.mjs';
import { GOALS, REASONS } from './goals.mjs';

const BEGIN = '<!-- Made by `npm run bench`; from here on nothing is written by hand. -->';
const END = '<!-- Until here. -->';

/** The page with what was measured between its two comments; for each major version of Node.js what was found, by benchmark. */
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
  const [any] = Object.values(results[0].found);
  const goals = Object.entries(GOALS).flatMap(([name, goal]) =>
    results
      .filter(({ found }) => goal.bench in found)
      .map((result) => renderGoal(name, goal, result)),
  );
  const parts = Object.keys(BENCHES).map((name) => renderBench(name, results));
  return `## Goals

${markdown([['question', 'Node.js', 'limit', 'goal', 'measured', 'range', 'met', 'remarks'], ...goals])}

Measured with Node.js ${results.map(({ found }) => Object.values(found)[0].node).join(' and ')}, ${any.versions}.
On ${any.machine}.

${parts.join('\n')}`;
}

/** A bound may differ between versions of Node.js: `{ 24: 1.3, 20: 1.35 }`. */
function renderGoal(name, goal, { major, found }) {
  const { bench, question, atLeast = false } = goal;
  const [must, aim] = [goal.must, goal.aim].map((bound) => bound[major] ?? bound);
  const sign = atLeast ? '≥' : '≤';
  const wanted = [String(major), `${sign} ${must}`, `${sign} ${aim}`];
  const values = found[bench]?.figures[name];
  if (values === undefined) return [question, ...wanted, '', '', 'not measured', ''];
  const show = (value) => value.toFixed(2);
  const figure = show(median(values));
  const range = `${show(Math.min(...values))} to ${show(Math.max(...values))}`;
  const reaches = (bound) => (atLeast ? Number(figure) >= bound : Number(figure) <= bound);
  const met = reaches(aim) ? 'yes, and the goal' : reaches(must) ? 'yes' : '**no**';
  return [question, ...wanted, figure, range, met, REASONS[name] ?? ''];
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

function markdown([heads, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line)].join('\n');
}
