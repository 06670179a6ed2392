import { byId, formatCount, setText } from './elements.js';
import { createHeldHits, type HeldHit, type NewHits, parseFilter } from './held-hits.js';
import { showDetail } from './hit-detail.js';
import { createHitList } from './hit-list.js';
import { createTotals } from './totals.js';

const POLL_MILLIS = 250;

const filterField = byId<HTMLInputElement>('filter');
const held = createHeldHits();
const totals = createTotals(toggleCondition);
const list = createHitList(open, draw);
let opened: HeldHit | undefined;
let isDrawing = false;
/** The run of the server from which the current hits come. */
let run = 0;
/** Whether the last request was answered. */
let isLive = false;

/** Redraws once with the next frame, however many hits arrive until then. */
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

function showState(nowLive: boolean): void {
  if (nowLive !== isLive) announce(nowLive ? '' : 'Connection lost; reconnecting');
  isLive = nowLive;
  setText(byId('state'), isLive ? 'live' : 'not connected');
  byId('state').className = isLive ? 'tracked' : 'lost';
}

function take(message: NewHits): void {
  if (message.run !== run) {
    closeDetail();
    if (held.total() > 0) announce('All hits cleared');
    held.clear();
    run = message.run;
  }
  if (held.total() === 0 && message.hits.length > 0) announce('The first hits have arrived');
  held.take(message);
  draw();
}

/** Polls for new hits until the page is closed. */
async function poll(): Promise<void> {
  let hasMore = false;
  try {
    const answer = await fetch(`/new-hits?run=${run}&from=${held.total()}`);
    const message = (await answer.json()) as NewHits;
    hasMore = message.hasMore;
    showState(true);
    if (message.hits.length > 0 || message.run !== run) take(message);
  } catch {
    showState(false);
  }
  setTimeout(poll, hasMore ? 0 : POLL_MILLIS);
}

for (const place of document.querySelectorAll('[data-origin]')) setText(place, location.origin);
filterField.addEventListener('input', applyFilter);
byId('clear').addEventListener('click', () => void fetch('/hits', { method: 'DELETE' }));
byId('detail-close').addEventListener('click', closeDetail);
void poll();
