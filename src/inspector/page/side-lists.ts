import { byId, createRows, element, type LiveRow, setText } from './elements.js';
import { formatCount, formatNumber, formatTime, formatVisitor } from './formats.js';
import type { Problem, Summary, VisitorCounts } from './summary.js';

const MAX_ROWS = 30;

/** The list of hits that were not stored as sent, by reason. */
export function createProblemList(
  onChoose: (problem: Problem) => void,
): (summary: Summary) => void {
  const note = byId('problems-note', HTMLElement);
  const none = byId('problems-none', HTMLElement);
  const render = createRows<Problem>(
    byId('problems', HTMLUListElement),
    ({ key }) => key,
    (problem) => createProblemRow(problem, onChoose),
  );
  return ({ problems }) => {
    const sorted = [...problems.values()].sort(
      (a, b) => b.hits - a.hits || (a.key < b.key ? -1 : 1),
    );
    render(sorted.slice(0, MAX_ROWS));
    none.hidden = sorted.length > 0;
    setText(note, ofMany(sorted.length));
  };
}

function createProblemRow(
  problem: Problem,
  onChoose: (problem: Problem) => void,
): LiveRow<Problem> {
  const { verdict, reason } = problem;
  const count = element('span', { class: 'count' });
  const button = element(
    'button',
    { type: 'button', class: 'entry' },
    element('span', { class: `verdict ${verdict}` }, verdict),
    element('span', { class: 'text' }, reason),
    count,
  );
  button.addEventListener('click', () => onChoose(problem));
  return {
    node: element('li', {}, button),
    update: ({ hits }) => setText(count, formatNumber(hits)),
  };
}

/** The list of visitors, the latest first. */
export function createVisitorList(onChoose: (id: string) => void): (summary: Summary) => void {
  const note = byId('visitors-note', HTMLElement);
  const render = createRows<VisitorCounts>(
    byId('visitors', HTMLUListElement),
    ({ id }) => id,
    (visitor) => createVisitorRow(visitor, onChoose),
  );
  return ({ visitors }) => {
    const sorted = [...visitors.values()].sort((a, b) => b.latest.number - a.latest.number);
    render(sorted.slice(0, MAX_ROWS));
    setText(note, ofMany(sorted.length));
  };
}

function createVisitorRow(
  { id }: VisitorCounts,
  onChoose: (id: string) => void,
): LiveRow<VisitorCounts> {
  const count = element('span', { class: 'count' });
  const client = element('span', { class: 'client' });
  const when = element('span', { class: 'when' });
  const button = element(
    'button',
    { type: 'button', class: 'entry visitor', title: id },
    element('span', { class: 'code' }, formatVisitor(id)),
    count,
    client,
    when,
  );
  button.addEventListener('click', () => onChoose(id));
  return {
    node: element('li', {}, button),
    update({ hits, errors, latest }) {
      const failed = errors === 0 ? '' : `, ${formatCount(errors, 'error')}`;
      setText(count, `${formatCount(hits, 'hit')}${failed}`);
      const { ua, lang } = latest.hit.params;
      setText(client, [ua, lang].filter(Boolean).join(' · ').slice(0, 160) || 'no user agent');
      setText(when, formatTime(latest.hit.received));
    },
  };
}

function ofMany(count: number): string {
  return count > MAX_ROWS ? `${formatNumber(count)}, ${MAX_ROWS} are shown` : formatNumber(count);
}
