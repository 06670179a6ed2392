import { byId, formatCount, formatNumber, setText } from './elements.js';
import {
  createHeldHits,
  type Filter,
  type HeldHit,
  type HitsMessage,
  parseFilter,
} from './held-hits.js';
import { createHitDetail, explain, loadContext } from './hit-detail.js';
import { createHitList } from './hit-list.js';
import { createTotals } from './totals.js';

/** Events of the server. */
interface Listener {
  /** A connection was opened. The server sends all hits that it has. */
  readonly onOpen: () => void;
  /** All earlier hits are deleted. */
  readonly onClear: () => void;
  readonly onHits: (message: HitsMessage) => void;
  /** Announces a change to screen readers. */
  readonly announce: (text: string) => void;
}

/** Shows what `/events` sends. `pause` pauses and resumes; hits that the server drops meanwhile are not shown. */
function connect({ onOpen, onClear, onHits, announce }: Listener): { pause(): void } {
  const state = byId('state', HTMLElement);
  const button = byId('pause', HTMLButtonElement);
  let isOpen = false;
  let isPaused = false;
  let waiting: HitsMessage[] = [];

  const events = new EventSource('/events');
  events.addEventListener('open', () => {
    isOpen = true;
    waiting = [];
    onOpen();
    showState();
  });
  events.addEventListener('error', () => {
    if (isOpen) announce('Connection lost; reconnecting');
    isOpen = false;
    showState();
  });
  events.addEventListener('clear', () => {
    waiting = [];
    onClear();
    showState();
  });
  events.addEventListener('hits', ({ data }) => {
    const message = JSON.parse(data) as HitsMessage;
    if (!isPaused) return onHits(message);
    waiting.push(message);
    waiting = waiting.filter(({ first, hits }) => first + hits.length > message.oldest);
    showState();
  });

  function pause(): void {
    isPaused = !isPaused;
    button.setAttribute('aria-pressed', String(isPaused));
    for (const message of waiting) onHits(message);
    waiting = [];
    announce(isPaused ? 'Paused' : 'Resumed');
    showState();
  }

  function showState(): void {
    const count = waiting.reduce((sum, { hits }) => sum + hits.length, 0);
    const paused = count === 0 ? 'paused' : `paused, ${formatNumber(count)} waiting`;
    setText(state, isPaused ? paused : isOpen ? 'live' : 'not connected');
    state.className = isPaused ? 'paused' : isOpen ? 'live' : 'lost';
  }

  return { pause };
}

const TICK_MILLIS = 1000;

const context = await loadContext();
const isParameter = (name: string) => explain(context, name) !== undefined;
const filterField = byId('filter', HTMLInputElement);
const held = createHeldHits();
let filter: Filter = () => true;
let shown = 0;
let opened: HeldHit | undefined;
let isDrawing = false;

const totals = createTotals(toggleCondition);
const list = createHitList(open, draw);
const detail = createHitDetail(context);

/** Draws once with the next frame, however many hits arrive until then. */
function draw(): void {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    byId('empty', HTMLElement).hidden = held.total() > 0;
    byId('content', HTMLElement).hidden = held.total() === 0;
    totals.render(held, filterField.value);
    list.render(held, shown);
  });
}

function applyFilter(): void {
  filter = parseFilter(filterField.value, isParameter);
  shown = 0;
  for (const hit of held.all()) {
    hit.isShown = filter(hit);
    if (hit.isShown) shown += 1;
  }
  draw();
}

function toggleCondition(condition: string): void {
  const { value: text } = filterField;
  const isThere = ` ${text} `.includes(` ${condition} `);
  filterField.value = isThere
    ? ` ${text} `.replace(` ${condition} `, ' ').trim()
    : `${text} ${condition}`.trim();
  applyFilter();
  announce(`${formatCount(shown, 'hit')}, filter: ${filterField.value || 'off'}`);
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

function announce(text: string): void {
  setText(byId('announcer', HTMLElement), text);
}

function reset(): void {
  closeDetail();
  held.clear();
  totals.clear();
  applyFilter();
}

function clear(): void {
  void fetch('/hits', { method: 'DELETE' });
}

const connection = connect({
  onOpen: reset,
  onClear() {
    reset();
    announce('All hits cleared');
  },
  onHits(message) {
    if (held.total() === 0) announce('The first hits have arrived');
    const { added, forgotten } = held.take(message);
    for (const hit of added) {
      hit.isShown = filter(hit);
      totals.add(hit);
      if (hit.isShown) shown += 1;
    }
    for (const hit of forgotten) {
      totals.remove(hit);
      if (hit.isShown) shown -= 1;
    }
    draw();
  },
  announce,
});

for (const place of document.querySelectorAll('[data-origin]')) setText(place, location.origin);
filterField.addEventListener('input', applyFilter);
byId('pause', HTMLButtonElement).addEventListener('click', connection.pause);
byId('clear', HTMLButtonElement).addEventListener('click', clear);
byId('detail-close', HTMLButtonElement).addEventListener('click', closeDetail);
setInterval(() => {
  if (!document.hidden && held.total() > 0) draw();
}, TICK_MILLIS);
