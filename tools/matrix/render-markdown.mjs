import { platformsOf } from './platforms.mjs';
import { REQUESTS } from './requests.mjs';
import { RUNTIME_VERSIONS, RUNTIMES } from './runtimes.mjs';
import { SDKS } from './set-ups.mjs';
import {
  listProblems,
  summarize,
  toFrameworkRows,
  toNodeRows,
  toSdkRows,
  versionsOf,
} from './table-rows.mjs';

const RULE = [
  'Each cell is an application in a process of its own, with this package installed from its tarball. It is sent',
  `${REQUESTS.length} requests, answered with 200, 201, 500 and 404. The cell is right where Matomo has got exactly one hit for each,`,
  'with the right title, status, URL, user agent and language, and where the exporter that the application has of its',
  'own has got the very spans that it gets without this package.',
].join(' ');

const GATEWAYS = [
  'Here the application has auto-instrumentations and nothing of this package. Its own exporter sends to a',
  '[gateway](many-services.md), and Matomo has to get the same hits, but for what instrumentations leave out: the language; with SDK 1.30 the route of Express 5;',
  'and since SDK 2.12 spaces in a query come as `+`.',
].join(' ');

const OPERATIONS = [
  'Titles that a route alone does not make. Each GraphQL server is sent a mutation, a query whose resolver throws, an anonymous one, one',
  'with a syntax error, and `GET /graphql?query=…` with site search on; each tRPC server a query, a mutation, two batches, of which one is',
  'answered with 207, and what fails; Express pages behind `*` and `/files/*`. [How operations are named](frameworks.md#how-do-i-name-graphql-operations-and-trpc-procedures).',
].join(' ');

const NOT_RUN = [
  'PM2 in fork and cluster mode, npm, pnpm and Yarn (node-modules and PnP) run in `npm run test:long`. Azure Monitor, New Relic,',
  'AWS Lambda, Vercel, Docker and Kubernetes need accounts or daemons; what the agents do to tracing is simulated in',
  '`test/register/never-silent.test.ts`, and PID 1 in `test/register/exit.test.ts`.',
].join('\n');

/** The page about what a run of the whole matrix has shown, with the section on platforms as it is. */
export function renderMarkdown(results, date, page) {
  const notes = createNotes();
  const { nodes, sdks } = versionsOf(results);
  return `${[
    '# What it works with',
    `Written by \`npm run test:matrix\` on ${date.toISOString().slice(0, 10)}: ${countText(results)}.`,
    RULE,
    `Node.js ${nodes.join(', ')}.`,
    renderSdks(sdks),
    '## Load orders',
    'ours is `opentelemetry-matomo/register`, auto is `@opentelemetry/auto-instrumentations-node/register`. SDK 3 needs Node 22 or later; the others are run on every Node above.',
    renderSdkRows(toSdkRows(results, 'orders'), notes),
    '## Frameworks',
    'Alone is with `register` and, unless the row says so, without tracing in the application; beside auto is with auto-instrumentations as well. A cell shows the title of the request to `/users/ann`: the route, or a [template of the path](configuration.md#titlepaths), which for `/users/7` would be `GET /users/:id` too.',
    renderFrameworks(toFrameworkRows(results), notes),
    '## Exporters into a gateway',
    GATEWAYS,
    renderSdkRows(toSdkRows(results, 'gateways'), notes),
    renderRuntimes(),
    '## Operations, procedures, and catch-all routes',
    OPERATIONS,
    renderOperations(toNodeRows(results, 'operations')),
    '## Without an SDK',
    'Here nothing of OpenTelemetry is installed, only this package and the framework.',
    renderSdkRows(toNodeRows(results, 'without'), notes),
    '## Not run here',
    NOT_RUN,
    platformsOf(page),
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

function renderRuntimes() {
  return [
    '## Bun and Deno',
    'Run by `npm run test:long` with the requests above. [What is lost there](which-runtimes.md).',
    renderTable(
      ['', 'version'],
      RUNTIMES.map(({ name, runtime }) => [name, RUNTIME_VERSIONS[runtime]]),
    ),
  ].join('\n\n');
}

function renderSdkRows({ heads, rows }, notes) {
  return renderTable(
    ['', ...heads],
    rows.map((row) => [row.name + notes.marks(row.notes), ...row.columns.map(summarize)]),
  );
}

function renderOperations({ heads, rows }) {
  return renderTable(
    ['', 'version', ...heads],
    rows.map(({ name, version, columns }) => [name, version ?? '', ...columns.map(summarize)]),
  );
}

function renderFrameworks({ heads, rows }, notes) {
  const toText = ([cell]) => {
    if (!cell) return '–';
    if (cell.status !== 'right') return cell.status === 'wrong' ? 'no' : 'not run';
    return `\`${cell.titles['/users/ann'] ?? 'GET /users/:id'}\`${notes.marks(cell.notes)}`;
  };
  return renderTable(
    ['', 'version', ...heads],
    rows.map(({ name, versions, columns }) => [name, versions.join(', '), ...columns.map(toText)]),
  );
}

function renderProblems(results) {
  const lines = listProblems(results).map(({ title, text }) => `- ${title}: ${oneLine(text)}`);
  return lines.length > 0 ? ['## What did not work or could not be run', lines.join('\n')] : [];
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
    marks(added) {
      texts.push(...added.filter((text) => !texts.includes(text)));
      return added.map((text) => ` (${texts.indexOf(text) + 1})`).join('');
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
