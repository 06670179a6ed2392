import { byId, formatCount, setText } from './elements.js';
import { createHeldHits, type HeldHit, type HitsMessage, parseFilter } from './held-hits.js';
import { showDetail } from './hit-detail.js';
import { createHitList } from './hit-list.js';
import { createTotals } from './totals.js';

const TICK_MILLIS = 1000;

const filterField = byId<HTMLInputElement>('filter');
const held = createHeldHits();
const totals = createTotals(toggleCondition);
const list = createHitList(open, draw);
let opened: HeldHit | undefined;
let isDrawing = false;

/** Draws once with the next frame, however many hits arrive until then. */
function draw(): void {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    byId('empty').hidden = held.total() > 0;
    byId('content').hidden = held.total() === 0;
    totals.render(held, filterField.value);
    list.render(held);
  });
}

function applyFilter(): void {
  held.setFilter(parseFilter(filterField.value));
  draw();
}

function toggleCondition(condition: string): void {
  const { value: text } = filterField;
  const isThere = ` ${text} `.includes(` ${condition} `);
  filterField.value = isThere
    ? ` ${text} `.replace(` ${condition} `, ' ').trim()
    : `${text} ${condition}`.trim();
  applyFilter();
  announce(`${formatCount(held.shown().length, 'hit')}, filter: ${filterField.value || 'off'}`);
}

function open(hit: HeldHit): void {
  opened = hit;
  list.mark(hit);
  showDetail(hit);
}

function closeDetail(): void {
  if (opened === undefined) return;
  byId('detail').hidden = true;
  list.mark(undefined);
  list.focus(opened);
  opened = undefined;
}

/** Announces a change to screen readers. */
function announce(text: string): void {
  setText(byId('announcer'), text);
}

function showState(text: string, className: string): void {
  setText(byId('state'), text);
  byId('state').className = className;
}

function reset(): void {
  closeDetail();
  held.clear();
  totals.clear();
  draw();
}

const events = new EventSource('/events');
// The server sends all hits that it has to each new connection.
events.addEventListener('open', () => {
  showState('live', 'tracked');
  reset();
});
events.addEventListener('error', () => {
  showState('not connected', 'refused');
  announce('Connection lost; reconnecting');
});
events.addEventListener('clear', () => {
  reset();
  announce('All hits cleared');
});
events.addEventListener('hits', ({ data }) => {
  const message = JSON.parse(data) as HitsMessage;
  if (held.total() === 0) announce('The first hits have arrived');
  held.take(message);
  for (const { received } of message.hits) totals.addArrival(received);
  draw();
});

for (const place of document.querySelectorAll('[data-origin]')) setText(place, location.origin);
filterField.addEventListener('input', applyFilter);
byId('clear').addEventListener('click', () => void fetch('/hits', { method: 'DELETE' }));
byId('detail-close').addEventListener('click', closeDetail);
setInterval(() => {
  if (!document.hidden && held.total() > 0) draw();
}, TICK_MILLIS);
