import { byId, formatCount, formatNumber, setText } from './elements.js';
import {
  createHeldHits,
  type Filter,
  type HeldHit,
  type HitsMessage,
  parseFilter,
  toCondition,
} from './held-hits.js';
import { createHitDetail, explain, loadContext } from './hit-detail.js';
import { createHitList } from './hit-list.js';
import { createSummary } from './summary.js';
import {
  createChatbotTable,
  createEndpointTable,
  createProblemList,
  createVisitorList,
} from './tables.js';
import { createTotals } from './totals.js';

/** Events of the server. */
interface Listener {
  /** All earlier hits are deleted. */
  readonly onStart: () => void;
  readonly onHits: (message: HitsMessage) => void;
  /** Announces a change to screen readers. */
  readonly announce: (text: string) => void;
}

/** Shows what `/events` sends. `pause` pauses and resumes; hits that the server drops meanwhile are not shown. */
function connect({ onStart, onHits, announce }: Listener): { pause(): void } {
  const state = byId('state', HTMLElement);
  const button = byId('pause', HTMLButtonElement);
  let isOpen = false;
  let isPaused = false;
  let waiting: HitsMessage[] = [];

  const events = new EventSource('/events');
  events.addEventListener('open', () => {
    isOpen = true;
    showState();
  });
  events.addEventListener('error', () => {
    if (isOpen) announce('Connection lost; reconnecting');
    isOpen = false;
    showState();
  });
  events.addEventListener('start', () => {
    waiting = [];
    onStart();
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

/** The actions of keys. */
interface KeyActions {
  readonly pause: () => void;
  readonly clear: () => void;
  readonly step: (by: 1 | -1) => void;
  readonly close: () => void;
}

const THEMES = ['auto', 'light', 'dark'];
const THEME_KEY = 'opentelemetry-matomo.theme';

/** Listens for keys outside text fields, without Ctrl, Alt and Meta, which browsers use. */
function listenToKeys({ pause, clear, step, close }: KeyActions): void {
  const filter = byId('filter', HTMLInputElement);
  const help = byId('help', HTMLDialogElement);
  byId('keys', HTMLButtonElement).addEventListener('click', () => help.showModal());
  byId('help-close', HTMLButtonElement).addEventListener('click', () => help.close());
  const actions: Readonly<Record<string, () => void>> = {
    '/': () => filter.focus(),
    '?': () => help.showModal(),
    p: pause,
    C: clear,
    t: nextTheme,
    j: () => step(1),
    k: () => step(-1),
    Escape: close,
  };
  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.altKey || event.metaKey || help.open) return;
    const isTyping = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
    if (isTyping) {
      if (key === 'Escape' && target === filter && filter.value === '') filter.blur();
      return;
    }
    if (!Object.hasOwn(actions, key)) return;
    event.preventDefault();
    actions[key]?.();
  });
}

/** Applies the theme that was chosen last, and starts its button. */
function listenToTheme(): void {
  setTheme(localStorage.getItem(THEME_KEY) ?? 'auto');
  byId('theme', HTMLButtonElement).addEventListener('click', nextTheme);
}

function nextTheme(): void {
  const current = THEMES.indexOf(document.documentElement.dataset.theme ?? 'auto');
  setTheme(THEMES[(current + 1) % THEMES.length] as string);
}

function setTheme(theme: string): void {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem(THEME_KEY, theme);
  setText(byId('theme', HTMLButtonElement), `Theme: ${theme}`);
}

const TICK_MILLIS = 1000;
/** On narrower screens, the details are below the list, out of sight. */
const NARROW = matchMedia('(max-width: 71.99rem)');

const context = await loadContext();
const isParameter = (name: string) => explain(context, name) !== undefined;
const filterField = byId('filter', HTMLInputElement);
const held = createHeldHits();
let filter: Filter = () => true;
let summary = createSummary();
let shown = 0;
let opened: HeldHit | undefined;
let isDrawing = false;

const totals = createTotals(context.forward !== null, (verdict) =>
  toggleCondition('verdict', verdict),
);
const renderEndpoints = createEndpointTable((title) => toggleCondition('endpoint', title), draw);
const renderChatbots = createChatbotTable((name) => toggleCondition('visitor', name));
const renderProblems = createProblemList(({ latest }) => open(latest));
const renderVisitors = createVisitorList((id) => toggleCondition('visitor', id));
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
    renderEndpoints(summary);
    renderChatbots(summary);
    renderProblems(summary);
    renderVisitors(summary);
    list.render(held, shown);
  });
}

function count(added: HeldHit, by: 1 | -1): void {
  if (!added.isShown) return;
  shown += by;
  if (by === 1) summary.add(added);
  else summary.remove(added);
}

function applyFilter(): void {
  filter = parseFilter(filterField.value, isParameter);
  summary = createSummary();
  shown = 0;
  for (const hit of held.all()) {
    hit.isShown = filter(hit);
    count(hit, 1);
  }
  draw();
}

function toggleCondition(name: string, value: string): void {
  const condition = toCondition(name, value);
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
  if (NARROW.matches) detail.focus();
  else announce(`Showing ${hit.title}, ${hit.hit.verdict}`);
}

function closeDetail(): void {
  if (opened === undefined) return;
  const last = opened;
  opened = undefined;
  detail.hide();
  list.mark(undefined);
  list.focus(last);
}

function step(by: 1 | -1): void {
  const next = list.next(by);
  if (next === undefined) return;
  open(next);
  list.focus(next);
}

function announce(text: string): void {
  setText(byId('announcer', HTMLElement), text);
}

function clear(): void {
  void fetch('/hits', { method: 'DELETE' });
}

const connection = connect({
  onStart() {
    const hadHits = held.total() > 0;
    held.clear();
    totals.clear();
    closeDetail();
    applyFilter();
    if (hadHits) announce('All hits cleared');
  },
  onHits(message) {
    if (held.total() === 0) announce('The first hits have arrived');
    const { added, forgotten } = held.take(message);
    for (const hit of added) {
      hit.isShown = filter(hit);
      totals.add(hit);
      count(hit, 1);
    }
    for (const hit of forgotten) {
      totals.remove(hit);
      count(hit, -1);
    }
    draw();
  },
  announce,
});

for (const place of document.querySelectorAll('[data-origin]')) setText(place, location.origin);
setText(
  byId('place', HTMLElement),
  context.forward === null ? 'behaves like Matomo' : `forwards hits to ${context.forward}`,
);
filterField.addEventListener('input', applyFilter);
byId('pause', HTMLButtonElement).addEventListener('click', connection.pause);
byId('clear', HTMLButtonElement).addEventListener('click', clear);
byId('detail-close', HTMLButtonElement).addEventListener('click', closeDetail);
listenToTheme();
listenToKeys({ pause: connection.pause, clear, step, close: closeDetail });
setInterval(() => {
  if (!document.hidden && held.total() > 0) draw();
}, TICK_MILLIS);
