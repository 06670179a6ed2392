import {
  byId,
  cell,
  createRows,
  createSparkline,
  element,
  formatCount,
  formatNumber,
  formatTime,
  formatVisitor,
  type LiveRow,
  row,
  setText,
} from './elements.js';
import type { Chatbot, Endpoint, Problem, Summary, Times, VisitorCounts } from './summary.js';

const MAX_ENDPOINTS = 100;
const MAX_LINES = 30;
const SECONDS = 60;
const STATUS_CLASSES = [2, 3, 4, 5];

type EndpointOrder = (a: Endpoint, b: Endpoint) => number;

const byTitle: EndpointOrder = (a, b) => (a.title < b.title ? -1 : 1);
const ORDERS: Readonly<Record<string, EndpointOrder>> = {
  title: byTitle,
  hits: (a, b) => b.hits - a.hits || byTitle(a, b),
  errors: (a, b) => errorsOf(b) - errorsOf(a) || b.hits - a.hits || byTitle(a, b),
  p95: (a, b) => p95Of(b) - p95Of(a) || byTitle(a, b),
};

/** The table of endpoints. `onChoose` gets the title of the clicked endpoint. */
export function createEndpointTable(
  onChoose: (title: string) => void,
  redraw: () => void,
): (summary: Summary) => void {
  const body = byId('endpoints', HTMLTableSectionElement);
  const table = body.closest('table');
  const count = byId('endpoints-count', HTMLElement);
  const order = byId('endpoints-order', HTMLSelectElement);
  const render = createRows<Endpoint>(
    body,
    ({ title }) => title,
    (endpoint) => createEndpointRow(endpoint, onChoose),
  );
  order.addEventListener('change', redraw);
  return ({ endpoints }) => {
    const sorted = [...endpoints.values()].sort(ORDERS[order.value] ?? byTitle);
    render(sorted.slice(0, MAX_ENDPOINTS));
    table?.classList.toggle(
      'no-steps',
      sorted.every(({ steps }) => steps.size === 0),
    );
    const rest = sorted.length > MAX_ENDPOINTS ? `, the first ${MAX_ENDPOINTS} are shown` : '';
    setText(count, `${formatNumber(sorted.length)}${rest}`);
  };
}

function createEndpointRow(
  { title }: Endpoint,
  onChoose: (title: string) => void,
): LiveRow<Endpoint> {
  const hits = cell('hits', 'number strong');
  const figures = createFigures([50, 95, 99]);
  const steps = cell('steps', 'steps');
  const sparkline = createSparkline(SECONDS);
  const node = row(
    createNameCell(title, onChoose),
    hits,
    ...figures.cells,
    steps,
    cell('last minute', 'spark', sparkline.node as HTMLElement),
  );

  function update(endpoint: Endpoint): void {
    setText(hits, formatNumber(endpoint.hits));
    figures.update(endpoint);
    setText(steps, stepsOf(endpoint));
    sparkline.update(endpoint.rate.perSecond(Date.now()));
  }

  return { node, update };
}

/** The medians of the parts of the page load time. */
function stepsOf({ steps }: Endpoint): string {
  return [...steps]
    .map(([name, times]) => `${name} ${formatNumber(times.percentiles(50)[0] ?? 0)}`)
    .join('  ');
}

function errorsOf({ classes }: Endpoint): number {
  return (classes[4] as number) + (classes[5] as number);
}

function p95Of({ times }: Endpoint): number {
  return times.percentiles(95)[0] ?? -1;
}

/** The table of AI chatbots, shown after the first request by one. `onChoose` gets the name of the clicked chatbot. */
export function createChatbotTable(onChoose: (name: string) => void): (summary: Summary) => void {
  const panel = byId('chatbots-panel', HTMLElement);
  const count = byId('chatbots-count', HTMLElement);
  const render = createRows<Chatbot>(
    byId('chatbots', HTMLTableSectionElement),
    ({ name }) => name,
    (chatbot) => createChatbotRow(chatbot, onChoose),
  );
  return ({ chatbots }) => {
    const sorted = [...chatbots.values()].sort(
      (a, b) => requestsOf(b) - requestsOf(a) || (a.name < b.name ? -1 : 1),
    );
    panel.hidden = sorted.length === 0;
    render(sorted);
    setText(count, formatNumber(sorted.length));
  };
}

function createChatbotRow({ name }: Chatbot, onChoose: (name: string) => void): LiveRow<Chatbot> {
  const pages = cell('pages', 'number strong');
  const documents = cell('documents', 'number strong');
  const figures = createFigures([50, 95]);
  const size = cell('average bytes', 'number');
  const node = row(createNameCell(name, onChoose), pages, documents, ...figures.cells, size);

  function update(chatbot: Chatbot): void {
    setText(pages, formatNumber(chatbot.pages));
    setText(documents, formatNumber(chatbot.documents));
    figures.update(chatbot);
    const { sum, count } = chatbot.sizes;
    setText(size, count === 0 ? '–' : formatNumber(Math.round(sum / count)));
  }

  return { node, update };
}

function requestsOf({ pages, documents }: Chatbot): number {
  return pages + documents;
}

/** The cells that endpoints and chatbots share: requests by class of status, and percentiles of durations. */
function createFigures(percents: readonly number[]): {
  readonly cells: readonly HTMLElement[];
  update(counted: { readonly classes: readonly number[]; readonly times: Times }): void;
} {
  const classes = STATUS_CLASSES.map((digit) => cell(`${digit}xx`, `number s${digit}`));
  const percentiles = percents.map((percent) => cell(`p${percent} ms`, 'number'));
  return {
    cells: [...classes, ...percentiles],
    update(counted) {
      for (const [i, node] of classes.entries()) {
        const count = counted.classes[STATUS_CLASSES[i] as number] as number;
        setText(node, count === 0 ? '·' : formatNumber(count));
        node.classList.toggle('none', count === 0);
      }
      const found = counted.times.percentiles(...percents);
      for (const [i, node] of percentiles.entries()) {
        setText(node, found[i] === undefined ? '–' : formatNumber(found[i]));
      }
    },
  };
}

function createNameCell(name: string, onChoose: (name: string) => void): HTMLElement {
  const button = element('button', { type: 'button', class: 'link', title: name }, name);
  button.addEventListener('click', () => onChoose(name));
  return element('th', { role: 'rowheader', scope: 'row', class: 'name' }, button);
}

/** The list of hits that were not stored as sent, by reason. */
export function createProblemList(
  onChoose: (problem: Problem) => void,
): (summary: Summary) => void {
  const count = byId('problems-count', HTMLElement);
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
    render(sorted.slice(0, MAX_LINES));
    none.hidden = sorted.length > 0;
    setText(count, ofMany(sorted.length));
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
  const count = byId('visitors-count', HTMLElement);
  const render = createRows<VisitorCounts>(
    byId('visitors', HTMLUListElement),
    ({ id }) => id,
    (visitor) => createVisitorRow(visitor, onChoose),
  );
  return ({ visitors }) => {
    const sorted = [...visitors.values()].sort((a, b) => b.latest.number - a.latest.number);
    render(sorted.slice(0, MAX_LINES));
    setText(count, ofMany(sorted.length));
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
  return count > MAX_LINES ? `${formatNumber(count)}, ${MAX_LINES} are shown` : formatNumber(count);
}
