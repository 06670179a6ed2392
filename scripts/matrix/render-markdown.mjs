import { REQUESTS } from './requests.mjs';
import { SDKS } from './set-ups.mjs';
import { distinct, summarize, toFrameworkRows, toOrderRows, versionsOf } from './table-rows.mjs';

/** The page about what a run of the whole matrix has shown. */
export function renderMarkdown(results, date) {
  const notes = createNotes();
  const { nodes, sdks } = versionsOf(results);
  return `${[
    '# What it works with',
    `Written by \`npm run test:matrix\` on ${date.toISOString().slice(0, 10)}: ${countText(results)}. Each cell is an application in a process of its own, with this package installed from its tarball, that was sent ${REQUESTS.length} requests: one answered with 200, one with 201, one with 500 and one with 404. A cell is \`yes\` where Matomo got exactly one hit for each, with the right title, status, URL, user agent and language, and where the application's own exporter got exactly the spans that it gets without this package.`,
    `Node.js ${nodes.join(', ')}.`,
    renderSdks(sdks),
    '## Load orders',
    '`ours` is `opentelemetry-matomo/register`, `auto` is `@opentelemetry/auto-instrumentations-node/register`. SDK 3 needs Node 22 or later; the others ran on all of the above.',
    renderOrders(toOrderRows(results), notes),
    '## Frameworks',
    'Alone: the application has no tracing, and `register` starts it. Beside auto: with `@opentelemetry/auto-instrumentations-node/register`. The cell is the title of a request to `/users/7`.',
    renderFrameworks(toFrameworkRows(results), notes),
    '## Remarks',
    notes.list(),
    ...renderProblems(results),
  ].join('\n\n')}\n`;
}

function renderSdks(sdks) {
  const short = (name) => name.replace('@opentelemetry/', '');
  const lines = sdks.map((sdk) => {
    const versions = Object.entries(SDKS[sdk].dependencies);
    return `- SDK ${sdk}: ${versions.map(([name, version]) => `${short(name)} ${version}`).join(', ')}`;
  });
  return lines.join('\n');
}

function renderOrders({ heads, rows }, notes) {
  return renderTable(
    ['', ...heads],
    rows.map(({ name, note, columns }) => [name + notes.mark(note), ...columns.map(summarize)]),
  );
}

function renderFrameworks({ heads, rows }, notes) {
  const toText = ([cell]) => {
    if (!cell) return '–';
    if (cell.status !== 'right') return cell.status === 'wrong' ? 'no' : 'not run';
    return `\`${cell.titles['/users/7'] ?? 'GET /users/:id'}\`${notes.mark(cell.note)}`;
  };
  return renderTable(
    ['', 'version', ...heads],
    rows.map(({ name, version = '', columns }) => [name, version, ...columns.map(toText)]),
  );
}

function renderProblems(results) {
  const skipped = results
    .filter(({ status }) => status === 'skipped')
    .map(
      ({ setUp, node, reason }) => `- Not run, ${setUp.name} on Node ${node}: ${oneLine(reason)}`,
    );
  const wrong = results
    .filter(({ status }) => status === 'wrong')
    .map(
      ({ name, way, sdk, node, differences }) =>
        `- No: ${[name, way, `SDK ${sdk}`, `Node ${node}`].filter(Boolean).join(', ')}: ${oneLine(differences[0])}`,
    );
  const lines = distinct([...wrong, ...skipped]);
  return lines.length > 0 ? ['## What did not work', lines.join('\n')] : [];
}

function countText(results) {
  const count = (wanted) => results.filter(({ status }) => status === wanted).length;
  const parts = [`${count('right')} of ${results.length} cells were right`];
  if (count('wrong') > 0) parts.push(`${count('wrong')} wrong`);
  if (count('skipped') > 0) parts.push(`${count('skipped')} could not be run`);
  return parts.join(', ');
}

/** Numbers reasons as they come, so that many cells may share one. */
function createNotes() {
  const texts = [];
  return {
    mark(text) {
      if (!text) return '';
      if (!texts.includes(text)) texts.push(text);
      return ` (${texts.indexOf(text) + 1})`;
    },
    list: () => texts.map((text, index) => `${index + 1}. ${capital(text)}.`).join('\n'),
  };
}

function renderTable(heads, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

function oneLine(text) {
  return text.replaceAll(/\s+/g, ' ').slice(0, 300);
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}
