import { byId, cell, createRows, element, type LiveRow, row, setText } from './elements.js';
import { formatNumber } from './formats.js';
import type { Chatbot, Summary } from './summary.js';

const CLASSES = [2, 3, 4, 5];
const PERCENTILES = [50, 95];

/** The table of AI chatbots, shown after the first request by one. `onChoose` gets the name of the clicked chatbot. */
export function createChatbotTable(onChoose: (name: string) => void): (summary: Summary) => void {
  const panel = byId('chatbots-panel', HTMLElement);
  const note = byId('chatbots-note', HTMLElement);
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
    setText(note, formatNumber(sorted.length));
  };
}

function createChatbotRow({ name }: Chatbot, onChoose: (name: string) => void): LiveRow<Chatbot> {
  const button = element('button', { type: 'button', class: 'link', title: name }, name);
  button.addEventListener('click', () => onChoose(name));
  const pages = cell('pages', 'number strong');
  const documents = cell('documents', 'number strong');
  const classes = CLASSES.map((digit) => cell(`${digit}xx`, `number s${digit}`));
  const percentiles = PERCENTILES.map((percent) => cell(`p${percent} ms`, 'number'));
  const size = cell('average bytes', 'number');
  const node = row(
    element('th', { role: 'rowheader', scope: 'row', class: 'name' }, button),
    pages,
    documents,
    ...classes,
    ...percentiles,
    size,
  );

  function update(chatbot: Chatbot): void {
    setText(pages, formatNumber(chatbot.pages));
    setText(documents, formatNumber(chatbot.documents));
    for (const [i, node] of classes.entries()) {
      const count = chatbot.classes[CLASSES[i] as number] as number;
      setText(node, count === 0 ? '·' : formatNumber(count));
      node.classList.toggle('none', count === 0);
    }
    const found = chatbot.times.percentiles(...PERCENTILES);
    for (const [i, node] of percentiles.entries()) {
      setText(node, found[i] === undefined ? '–' : formatNumber(found[i]));
    }
    const { sum, count } = chatbot.sizes;
    setText(size, count === 0 ? '–' : formatNumber(Math.round(sum / count)));
  }

  return { node, update };
}

function requestsOf({ pages, documents }: Chatbot): number {
  return pages + documents;
}
