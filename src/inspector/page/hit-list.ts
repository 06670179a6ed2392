import {
  byId,
  cell,
  createRows,
  element,
  formatCount,
  formatNumber,
  formatTime,
  formatVisitor,
  type LiveRow,
  row,
  setText,
} from './elements.js';
import { classOf, type HeldHit } from './held-hits.js';

const PAGE = 100;

/** Shows the list of the latest hits. */
export function createHitList(open: (held: HeldHit) => void, redraw: () => void) {
  const body = byId('hits', HTMLTableSectionElement);
  const detail = byId('detail', HTMLElement);
  const count = byId('hits-count', HTMLElement);
  const newer = byId('newer', HTMLButtonElement);
  const older = byId('older', HTMLButtonElement);
  const buttons = new Map<number, HTMLButtonElement>();
  let listed: HeldHit[] = [];
  let marked: HeldHit | undefined;
  let limit = PAGE;

  const renderRows = createRows<HeldHit>(body, ({ number }) => String(number), createHitRow);
  newer.addEventListener('click', redraw);
  older.addEventListener('click', () => {
    limit += PAGE;
    redraw();
  });

  function createHitRow(held: HeldHit): LiveRow<HeldHit> {
    const { hit, title, visitor, status, millis, number } = held;
    const button = element('button', { type: 'button', class: 'link', title }, title);
    button.addEventListener('click', () => open(held));
    buttons.set(number, button);
    const node = row(
      cell('time', 'time', formatTime(hit.received)),
      cell('status', `number s${classOf(held)}`, status === undefined ? '–' : String(status)),
      cell('action', 'name', button),
      cell('ms', 'number', millis === undefined ? '–' : formatNumber(millis)),
      cell('visitor', 'code', formatVisitor(visitor)),
      cell('verdict', 'became', element('span', { class: `verdict ${hit.verdict}` }, hit.verdict)),
    );
    return { node, update: () => undefined };
  }

  /** `shown`: the hits that match the filter. */
  function render(shown: readonly HeldHit[], total: number): void {
    setText(count, formatNumber(shown.length));
    const latest = listed[0]?.number ?? -1;
    const newest = shown.slice(-limit).reverse();
    const waiting = newest.findIndex(({ number }) => number <= latest);
    // The list must not move while a user reads it.
    const hasFocus = [body, detail].some((part) => part.contains(document.activeElement));
    const isRead = hasFocus && latest < total;
    newer.hidden = !isRead || waiting === 0;
    if (isRead && waiting !== 0) {
      const count = waiting < 0 ? `${formatNumber(limit)} or more` : formatNumber(waiting);
      setText(newer, `Show ${count} newer`);
      return;
    }
    listed = newest;
    renderRows(newest);
    const kept = new Set(newest.map(({ number }) => number));
    for (const number of buttons.keys()) if (!kept.has(number)) buttons.delete(number);
    older.hidden = newest.length >= shown.length;
    setText(
      older,
      `Show ${formatCount(Math.min(PAGE, shown.length - newest.length), 'older hit')}`,
    );
    mark(marked);
  }

  /** Marks the hit whose details are open. */
  function mark(held: HeldHit | undefined): void {
    marked = held;
    for (const [number, button] of buttons) {
      if (number === held?.number) button.setAttribute('aria-current', 'true');
      else button.removeAttribute('aria-current');
    }
  }

  return {
    render,
    mark,
    /** Moves the focus to a hit, if it is in the list. */
    focus: ({ number }: HeldHit) => buttons.get(number)?.focus(),
  };
}
