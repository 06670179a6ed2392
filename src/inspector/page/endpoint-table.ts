import { byId, cell, createRows, element, type LiveRow, row, setText } from './elements.js';
import { formatNumber } from './formats.js';
import { createSparkline } from './sparkline.js';
import type { Endpoint, Summary } from './summary.js';

const MAX_ROWS = 100;
const SECONDS = 60;
const CLASSES = ['', '', '2xx', '3xx', '4xx', '5xx'];
const PERCENTILES = [50, 95, 99];

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
  const note = byId('endpoints-note', HTMLElement);
  const order = byId('endpoints-order', HTMLSelectElement);
  const render = createRows<Endpoint>(
    body,
    ({ title }) => title,
    (endpoint) => createEndpointRow(endpoint, onChoose),
  );
  order.addEventListener('change', redraw);
  return ({ endpoints }) => {
    const sorted = [...endpoints.values()].sort(ORDERS[order.value] ?? byTitle);
    render(sorted.slice(0, MAX_ROWS));
    table?.classList.toggle(
      'no-steps',
      sorted.every(({ steps }) => steps.size === 0),
    );
    const rest = sorted.length > MAX_ROWS ? `, the first ${MAX_ROWS} are shown` : '';
    setText(note, `${formatNumber(sorted.length)}${rest}`);
  };
}

function createEndpointRow(
  { title }: Endpoint,
  onChoose: (title: string) => void,
): LiveRow<Endpoint> {
  const name = element('button', { type: 'button', class: 'link', title }, title);
  name.addEventListener('click', () => onChoose(title));
  const hits = cell('hits', 'number strong');
  const classes = [2, 3, 4, 5].map((digit) => cell(CLASSES[digit] as string, `number s${digit}`));
  const percentiles = PERCENTILES.map((percent) => cell(`p${percent} ms`, 'number'));
  const steps = cell('steps', 'steps');
  const sparkline = createSparkline(SECONDS);
  const node = row(
    element('th', { role: 'rowheader', scope: 'row', class: 'name' }, name),
    hits,
    ...classes,
    ...percentiles,
    steps,
    cell('last minute', 'spark', sparkline.node as HTMLElement),
  );

  function update(endpoint: Endpoint): void {
    setText(hits, formatNumber(endpoint.hits));
    for (const [i, node] of classes.entries()) {
      const count = endpoint.classes[i + 2] as number;
      setText(node, count === 0 ? '·' : formatNumber(count));
      node.classList.toggle('none', count === 0);
    }
    const found = endpoint.times.percentiles(...PERCENTILES);
    for (const [i, node] of percentiles.entries()) {
      setText(node, found[i] === undefined ? '–' : formatNumber(found[i]));
    }
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
