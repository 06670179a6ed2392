import { byId, element, formatCount, formatNumber, formatTime, setText } from './elements.js';
import { classOf, type HeldHit, type HeldHits } from './held-hits.js';

const PAGE = 100;

/** Shows the list of the latest hits. */
export function createHitList(open: (held: HeldHit) => void, redraw: () => void) {
  const list = byId('hits');
  const body = list.querySelector('tbody') as HTMLElement;
  const older = byId('older');
  /** The title of each hit in the list, as a button that opens the details. The newest hit is the last. */
  const buttons = new Map<HeldHit, HTMLButtonElement>();
  let marked: HeldHit | undefined;
  let limit = PAGE;

  older.addEventListener('click', () => {
    limit += PAGE;
    redraw();
  });

  function createRow(held: HeldHit): HTMLTableRowElement {
    const { hit, title, visitor } = held;
    const button = element('button', { type: 'button', class: 'link', title }, title);
    button.addEventListener('click', () => open(held));
    buttons.set(held, button);
    return element(
      'tr',
      {},
      element('td', { class: 'wide dim' }, formatTime(hit.received)),
      element('td', {}, element('b', { class: `s${classOf(held)}` }, String(hit.status ?? '–'))),
      element('td', { class: 'name' }, button),
      element('td', {}, hit.millis === undefined ? '–' : formatNumber(hit.millis)),
      element('td', { class: 'wide code' }, shortenId(visitor)),
      element('td', {}, element('b', { class: hit.verdict }, hit.verdict)),
    );
  }

  /** Adds and removes rows. Rows that stay are not moved, so that they keep focus and selection. */
  function drawRows(newest: readonly HeldHit[]): void {
    const kept = new Set(newest);
    for (const [held, button] of buttons) {
      if (kept.has(held)) continue;
      button.closest('tr')?.remove();
      buttons.delete(held);
    }
    let next = body.firstElementChild;
    for (const held of newest) {
      if (buttons.has(held)) next = next?.nextElementSibling ?? null;
      else body.insertBefore(createRow(held), next);
    }
  }

  function render(held: HeldHits): void {
    const shown = held.shown();
    setText(byId('summary'), summarize(shown.length, held));
    const newest = shown.slice(-limit).reverse();
    drawRows(newest);
    older.hidden = newest.length >= shown.length;
    const rest = Math.min(PAGE, shown.length - newest.length);
    setText(older, `Show ${formatCount(rest, 'older hit')}`);
    mark(marked);
  }

  /** Marks the hit whose details are open. */
  function mark(held: HeldHit | undefined): void {
    if (marked) buttons.get(marked)?.removeAttribute('aria-current');
    marked = held;
    if (marked) buttons.get(marked)?.setAttribute('aria-current', 'true');
  }

  return {
    render,
    mark,
    /** Moves the focus to a hit, if it is in the list. */
    focus: (held: HeldHit) => buttons.get(held)?.focus(),
  };
}

function summarize(shown: number, held: HeldHits): string {
  const kept = held.all().length;
  const total = formatCount(held.total(), 'hit');
  const count = shown === kept ? total : `${formatNumber(shown)} of ${total}`;
  return kept === held.total() ? count : `${count}, the latest ${formatNumber(kept)} kept`;
}

/** Shortens a long ID to its beginning and end. */
function shortenId(id: string): string {
  return id.length > 18 ? `${id.slice(0, 8)}…${id.slice(-6)}` : id;
}
