import { createChatbotTable } from './chatbot-table.js';
import { connect } from './connection.js';
import { listenToKeys, listenToTheme } from './controls.js';
import { byId, setText } from './elements.js';
import { createEndpointTable } from './endpoint-table.js';
import { explain, loadFacts } from './facts.js';
import { type Filter, parseFilter, toTerm } from './filter.js';
import { formatCount } from './formats.js';
import { createHeldHits } from './held-hits.js';
import { createHitDetail } from './hit-detail.js';
import { createHitList } from './hit-list.js';
import type { HeldHit } from './read-hit.js';
import { createProblemList, createVisitorList } from './side-lists.js';
import { createSummary } from './summary.js';
import { createTotals } from './totals.js';

const TICK_MILLIS = 1000;
/** On narrower screens, the details are below the list, out of sight. */
const NARROW = matchMedia('(max-width: 71.99rem)');

const facts = await loadFacts();
const isParameter = (name: string) => explain(facts, name) !== undefined;
const filterField = byId('filter', HTMLInputElement);
const held = createHeldHits();
let filter: Filter = () => true;
let summary = createSummary();
let shown = 0;
let opened: HeldHit | undefined;
let isDrawing = false;

const totals = createTotals(facts.forward !== null, (verdict) => toggleTerm('verdict', verdict));
const renderEndpoints = createEndpointTable((title) => toggleTerm('endpoint', title), draw);
const renderChatbots = createChatbotTable((name) => toggleTerm('visitor', name));
const renderProblems = createProblemList(({ latest }) => open(latest));
const renderVisitors = createVisitorList((id) => toggleTerm('visitor', id));
const list = createHitList(open, draw);
const detail = createHitDetail(facts);

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

function toggleTerm(name: string, value: string): void {
  const term = toTerm(name, value);
  const { value: text } = filterField;
  const isThere = ` ${text} `.includes(` ${term} `);
  filterField.value = isThere
    ? ` ${text} `.replace(` ${term} `, ' ').trim()
    : `${text} ${term}`.trim();
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
  facts.forward === null ? 'behaves like Matomo' : `forwards hits to ${facts.forward}`,
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
