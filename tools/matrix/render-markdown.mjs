import { platformsOf } from './platforms.mjs';
import { expectedTitle, REQUESTS } from './requests.mjs';
import { RUNTIME_VERSIONS, RUNTIMES } from './runtimes.mjs';
import { SDKS } from './set-ups.mjs';
import {
  listProblems,
  summarize,
  toNodeRows,
  toSdkRows,
  toTitleRows,
  versionsOf,
  WAYS,
} from './table-rows.mjs';

const RULE = [
  'Each cell is one application in its own process, with this package installed from its tarball. It gets',
  `${REQUESTS.length} requests, answers them with 200, 201, 500 and 404, and gets SIGTERM right after the last response. A cell passes if Matomo gets exactly one hit per request,`,
  "with the right title, status, URL, user agent and language, and if the application's own exporter gets the same spans",
  'as without this package. `yes` means that it passes on every Node.js version on which it was run, `–` that it was not run.',
].join(' ');

const GATEWAYS = [
  'Here the application uses auto-instrumentations but not this package. Its own exporter sends to a',
  '[gateway](many-services.md). Matomo must get the same hits, except for data that the instrumentations do not record: the language and,',
  'with SDK 1.30, the route of Express 5. Since SDK 2.12, spaces in a query arrive as `+`.',
].join(' ');

const SERVERS = [
  'Here the framework builds and starts the server. No OpenTelemetry package is installed, unless the row says otherwise. "alone" means with',
  '`--import opentelemetry-matomo/register` and no code; "with `annotate`" means with the function that [frameworks](frameworks.md) shows.',
  'A cell shows the title of the request to `/users/ann`.',
].join(' ');

const BUNDLERS = [
  'Here an application of `node:http` is bundled together with `register`, and nothing of OpenTelemetry is installed.',
  'See [how to bundle](bundlers.md).',
].join(' ');

const FILES = [
  'Each server gets GET and HEAD requests of a page, of two documents, of a style sheet, and of a page and a script that do not exist, each on a connection of its own. There are no routes:',
  'titles are [templates of the path](configuration.md#titlepaths). [Static files](configuration.md#staticfiles) make no hits.',
  '`test/system/matrix/complete-responses.long.test.ts` compares complete responses with those that clients leave, directly and behind nginx.',
].join(' ');

const TITLES = [
  'The titles of all requests in the cells that passed. Applications with the same titles share a row; the tables above say with which SDKs.',
  '`GET /users/ann` is a template of the path, of an application whose route is not known. If the route is known, a title has no values of the path.',
].join(' ');

const OPERATIONS = [
  'These applications need titles that contain more than a route. Each GraphQL server gets a mutation, a query whose resolver throws, an anonymous query,',
  'one with a syntax error, and `GET /graphql?query=…` with `siteSearch` set. Apollo Client, the client of graphql-http, that of tRPC and that of',
  'jayson call operations that succeed and fail, and the last two also batches. Express serves pages behind `*` and `/files/*`, and has routers at mount paths with parameters and',
  'a list of routes beside a regular expression. json-server and Sails route by themselves. No title of a known route has a value of a caller.',
  'See [how operations are named](titles.md#which-title-does-an-operation-behind-one-endpoint-get).',
].join(' ');

const MCP_SERVERS = [
  'Each MCP server has two tools, one of which throws, a prompt and a resource. The official client of SDK 1.x, or that of SDK 2.x in revision 2026-07-28,',
  'lists the tools and calls all of these, and a tool that does not exist. Lists, notifications and streams must make no hit. Compared are also the dimensions',
  '`gen_ai.tool.name`, `mcp.client.name` and `matomo.failed_endpoint`, and the classes of errors. See [which tools your MCP server serves](mcp.md).',
].join(' ');

/** Setups that are not cells of the matrix, and the tests that run them. */
const ELSEWHERE = [
  [
    'npm, an npm workspace, pnpm, Yarn with node-modules and with PnP',
    'test/system/first-use.long.test.ts',
  ],
  ['PM2 in fork and cluster mode, with `pm2 reload`', 'test/register/pm2.long.test.ts'],
  ['nodemon', 'test/register/nodemon.long.test.ts'],
  [
    '`annotate`, `measure`, `ignore`, aborted requests (499), and response sizes in Express, Fastify, and Restify, with and without an SDK',
    'test/system/matrix/annotations.long.test.ts',
  ],
  ['worker threads', 'test/register/threads.test.ts'],
  [
    'MCP servers of SDK 1.x and 2.x over stdio, with `trackMcp`',
    'test/system/matrix/mcp-stdio.long.test.ts',
  ],
  [
    'environment variables that the application sets before its server starts, as `dotenv` does; processes that never start a server, such as npm, tsc, eslint, and vitest',
    'test/register/inert.test.ts',
  ],
  [
    'CommonJS builds of `/testing` and `/gateway`, an absolute path of `register`',
    'test/system/entry-points.test.ts',
  ],
  ['test suites that keep their requests out of Matomo', 'test/system/docs/own-tests.test.ts'],
  ['what `jest --detectOpenHandles` reports', 'test/delivery/open-handles.test.ts'],
  ['PID 1, as in a container', 'test/register/exit.test.ts'],
  [
    'HTTP/2 on Node.js 22, 24 and 26: contexts of bodies, aborts, spans, header dimensions, sizes, worker threads, 10,000 streams; clients are Node.js, undici and curl',
    'test/system/matrix/http2.long.test.ts',
  ],
  [
    'HTTP/2 on Node.js 20, `checkContinue`, replaced span processors, providers without processors',
    'test/register/never-silent.test.ts',
  ],
];
const NOT_RUN = [
  [
    'Docker, Kubernetes',
    'they need a daemon; for a process only two things differ: it is PID 1, and secrets are files',
  ],
  ['AWS Lambda, Vercel, Azure Functions', 'they need an account'],
  [
    'Azure Monitor, New Relic, Elastic, Datadog, Sentry with their services',
    'they need an account; the agents are tested above, and send nothing to their services',
  ],
  [
    "New Relic's OpenTelemetry bridge",
    'its tracer provider accepts no span processors; `test/register/never-silent.test.ts` simulates such a provider',
  ],
  ['Windows and macOS', 'continuous integration runs part of the tests there: see below'],
];

/** The page with the results of a run of the whole matrix. The section on platforms stays as it is. */
export function renderMarkdown(results, date, page) {
  const notes = createNotes();
  const { nodes, sdks } = versionsOf(results);
  return `${[
    '# What it works with',
    'Reference: every tested combination. For what is supported, see [versions](versioning.md).',
    `Written by \`npm run test:matrix\` on ${date.toISOString().slice(0, 10)}: ${countText(results)}.`,
    RULE,
    `Run with Node.js ${listOf(nodes)}. Each "SDK" is this set of \`@opentelemetry/…\` packages:`,
    renderSdks(sdks),
    '## Load orders',
    '"ours" is `opentelemetry-matomo/register`, "auto" is `@opentelemetry/auto-instrumentations-node/register`. "loader hook" is `@opentelemetry/instrumentation/hook.mjs`, "traced in code" an application that sets up tracing in its own code, and "no tracing but the API" one that only uses `@opentelemetry/api`. SDK 3 needs Node.js 22.15 or later; the other SDKs run on every Node.js version above.',
    renderSdkRows(toSdkRows(results, 'orders'), notes),
    '## Frameworks',
    '"alone" means with `register` and, unless the row says otherwise, without tracing in the application; "beside auto" means with auto-instrumentations too. A cell shows the title of the request to `/users/ann`: its route if it is known, otherwise a [template of the path](configuration.md#titlepaths). For `/users/7` this template is `GET /users/:id` too.',
    renderFrameworks(toTitleRows(results, 'frameworks'), notes),
    '## Exporters into a gateway',
    GATEWAYS,
    renderSdkRows(toSdkRows(results, 'gateways'), notes),
    renderRuntimes(),
    '## Operations, procedures, and catch-all routes',
    OPERATIONS,
    renderOperations(toNodeRows(results, 'operations')),
    '## MCP servers',
    MCP_SERVERS,
    renderOperations(toNodeRows(results, 'mcp')),
    '## Without an SDK',
    'Here only this package and the framework are installed, and no OpenTelemetry package.',
    renderSdkRows(toNodeRows(results, 'without'), notes),
    '## Servers of frameworks',
    SERVERS,
    renderFrameworks(toTitleRows(results, 'servers'), notes),
    '## Bundlers',
    BUNDLERS,
    renderSdkRows(toNodeRows(results, 'bundlers'), notes),
    '## File servers',
    FILES,
    renderOperations(toNodeRows(results, 'files')),
    '## Titles',
    TITLES,
    renderTitles(results),
    '## Setups that other tests run',
    renderTable(
      ['', 'test'],
      ELSEWHERE.map(([what, file]) => [what, `\`${file}\``]),
    ),
    '## Not run here',
    renderTable(['', 'reason'], NOT_RUN),
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
    '`npm run test:long` runs these applications with the same requests. See [what does not work on Bun and Deno](which-runtimes.md).',
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

/** A cell passes only with the titles that are expected. */
function renderTitles(results) {
  const names = new Map();
  for (const { status, name, way, titles, command } of results) {
    if (status !== 'right') continue;
    const { requests = REQUESTS } = command(true);
    const counted = requests.filter(({ isIgnored }) => !isIgnored);
    const expected = new Set(counted.map((request) => expectedTitle(request, titles)));
    const text = [...expected].map((title) => `\`${title}\``).join(', ');
    const application = way ? `${name}, ${WAYS[way]}` : name;
    names.set(text, (names.get(text) ?? new Set()).add(application));
  }
  const rows = [...names].map(([text, applications]) => [[...applications].join('; '), text]);
  return renderTable(['', 'titles'], rows);
}

function renderProblems(results) {
  const lines = listProblems(results).map(({ title, text }) => `- ${title}: ${oneLine(text)}`);
  return lines.length > 0 ? ['## Failed or not run', lines.join('\n')] : [];
}

function countText(results) {
  const count = (wanted) => results.filter(({ status }) => status === wanted).length;
  const parts = [`${count('right')} of ${results.length} cells passed`];
  if (count('wrong') > 0) parts.push(`${count('wrong')} failed`);
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

/** `20, 22 and 24`. */
function listOf(items) {
  return items.join(', ').replace(/, (?=[^,]*$)/, ' and ');
}

function oneLine(text) {
  return text.replaceAll(/\s+/g, ' ').slice(0, 300);
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}
