import { byId, formatCount, formatNumber, setText } from './elements.js';
import { createHeldHits, type HeldHit, type HitsMessage, parseFilter } from './held-hits.js';
import { createHitDetail } from './hit-detail.js';
import { createHitList } from './hit-list.js';
import { createTotals } from './totals.js';

const TICK_MILLIS = 1000;

const filterField = byId('filter', HTMLInputElement);
const pauseButton = byId('pause', HTMLButtonElement);
const held = createHeldHits();
const totals = createTotals(toggleCondition);
const list = createHitList(open, draw);
const detail = createHitDetail();
let opened: HeldHit | undefined;
let isDrawing = false;
let isOpen = false;
let isPaused = false;
/** Messages that arrived since the page was paused, except those whose hits the server has dropped. */
let waiting: HitsMessage[] = [];

/** Draws once with the next frame, however many hits arrive until then. */
function draw(): void {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    byId('empty', HTMLElement).hidden = held.total() > 0;
    byId('content', HTMLElement).hidden = held.total() === 0;
    totals.render(held, filterField.value);
    list.render(held.shown(), held.total());
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
  detail.show(hit);
  list.mark(hit);
  detail.focus();
}

function closeDetail(): void {
  if (opened === undefined) return;
  const last = opened;
  opened = undefined;
  detail.hide();
  list.mark(undefined);
  list.focus(last);
}

/** Announces a change to screen readers. */
function announce(text: string): void {
  setText(byId('announcer', HTMLElement), text);
}

function reset(): void {
  closeDetail();
  waiting = [];
  held.clear();
  totals.clear();
  draw();
  showState();
}

function take(messages: readonly HitsMessage[]): void {
  for (const message of messages) {
    if (held.total() === 0) announce('The first hits have arrived');
    held.take(message);
    for (const { received } of message.hits) totals.addArrival(received);
  }
  draw();
}

function togglePause(): void {
  isPaused = !isPaused;
  pauseButton.setAttribute('aria-pressed', String(isPaused));
  take(waiting);
  waiting = [];
  announce(isPaused ? 'Paused' : 'Resumed');
  showState();
}

function showState(): void {
  const state = byId('state', HTMLElement);
  const count = waiting.reduce((sum, { hits }) => sum + hits.length, 0);
  const paused = count === 0 ? 'paused' : `paused, ${formatNumber(count)} waiting`;
  setText(state, isPaused ? paused : isOpen ? 'live' : 'not connected');
  state.className = isPaused ? 'paused' : isOpen ? 'live' : 'lost';
}

const events = new EventSource('/events');
// The server sends all hits that it has to each new connection.
events.addEventListener('open', () => {
  isOpen = true;
  reset();
});
events.addEventListener('error', () => {
  if (isOpen) announce('Connection lost; reconnecting');
  isOpen = false;
  showState();
});
events.addEventListener('clear', () => {
  reset();
  announce('All hits cleared');
});
events.addEventListener('hits', ({ data }) => {
  const message = JSON.parse(data) as HitsMessage;
  if (!isPaused) return take([message]);
  waiting = [...waiting, message].filter(({ first, hits }) => first + hits.length > message.oldest);
  showState();
});

for (const place of document.querySelectorAll('[data-origin]')) setText(place, location.origin);
filterField.addEventListener('input', applyFilter);
pauseButton.addEventListener('click', togglePause);
byId('clear', HTMLButtonElement).addEventListener('click', () => {
  void fetch('/hits', { method: 'DELETE' });
});
byId('detail-close', HTMLButtonElement).addEventListener('click', closeDetail);
setInterval(() => {
  if (!document.hidden && held.total() > 0) draw();
}, TICK_MILLIS);
