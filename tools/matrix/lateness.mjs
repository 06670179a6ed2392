// `node tools/matrix/lateness.mjs [--only koa]`: how long after its SERVER span the last span of a request ends, in each framework
// that is traced. Three times the longest is what `CHILD_SPAN_WAIT_MILLIS` must not be below. Prints a table;
// README.md has its result.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startInspector } from 'opentelemetry-matomo/testing';
import { startChild } from './children.mjs';
import { startOtlpReceiver } from './otlp-receiver.mjs';
import { packPackage, removePackage } from './package.mjs';
import { preparePlaces } from './places.mjs';
import { planCells } from './plan.mjs';
import { REQUESTS, sendRequests } from './requests.mjs';
import { readUrl } from './run-app.mjs';

const SERVER = 1; // SpanKind of the API
const CLIENTS = 10;
const ROUNDS = 50;
const DEADLINE_MILLIS = 60_000;
/** Longer than any span is late, and than the application waits until it writes. */
const AFTER_MILLIS = 1000;

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const cells = planCells({ nodes: [20], sdks: ['2.12'], only: 'frameworks' }).filter(isWanted);
const npmPackage = await packPackage();
const places = await preparePlaces(cells, npmPackage, (text) => console.error(text));
const inspector = await startInspector();
const receiver = await startOtlpReceiver();
const rows = [];
for (const [i, cell] of cells.entries()) {
  rows.push([cell.name, ...describe(await measure(cell, i))]);
  console.error(rows.at(-1).join(' | '));
}
receiver.close();
await inspector.close();
places.close();
removePackage(npmPackage);
console.log(
  [
    ['framework', 'requests', 'with a late span', 'median, ms', 'p99, ms', 'in a later turn'],
    ...rows,
  ]
    .map((cellsOfRow) => `| ${cellsOfRow.join(' | ')} |`)
    .toSpliced(1, 0, '|---|---|---|---|---|---|')
    .join('\n'),
);

/** Once for each framework: beside auto-instrumentations if it does not trace itself. */
function isWanted({ name, way, setUp }) {
  const isTraced = way === 'beside' || / traced | beside |next start/.test(name);
  const isDatadog = setUp.name.startsWith('datadog'); // whose spans are not those of the SDK
  return isTraced && !isDatadog && name.toLowerCase().includes(values.only.toLowerCase());
}

/** For each request that had a SERVER span, how late its other spans ended. */
async function measure(cell, number) {
  const { node, folder, reason, failure } = places.placeOf(cell);
  if (node === undefined) throw new Error(`${cell.name}: ${reason ?? failure}`);
  const { args, env, before = [] } = cell.command(true);
  const file = join(folder, `ends-${number}`);
  const recorder = ['--require', resolve(folder, 'record-ends.cjs')];
  const { child, output, ended } = startChild(node, [...recorder, ...args], {
    cwd: folder,
    deadlineMillis: DEADLINE_MILLIS,
    env: { ...environmentOf(node), ...env, SPAN_ENDS: file },
  });
  try {
    const url = await readUrl(output, ended);
    await sendRequests(url, before);
    await sendRequests(url, REQUESTS); // code that runs for the first time takes long
    await sleep(AFTER_MILLIS);
    const warmUp = readEnds(file).length;
    const client = async () => {
      for (let round = 0; round < ROUNDS; round++) await sendRequests(url, REQUESTS);
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    await sleep(AFTER_MILLIS);
    return latenesses(readEnds(file).slice(warmUp));
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

function environmentOf(node) {
  return {
    PATH: `${dirname(node)}:${process.env.PATH}`,
    MATOMO_URL: inspector.url,
    MATOMO_SITE_ID: '1',
    OTEL_NODE_RESOURCE_DETECTORS: 'none',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_TRACES_EXPORTER: 'otlp', // without one, some set-ups do not trace
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url,
  };
}

function readEnds(file) {
  if (!existsSync(file)) return []; // no span has ended
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** A SERVER span within another one is part of the same request, which ends with the first. */
function latenesses(ends) {
  const traces = new Map();
  for (const end of ends) traces.set(end.traceId, [...(traces.get(end.traceId) ?? []), end]);
  return [...traces.values()].flatMap((spans) => {
    const server = spans.find(({ kind }) => kind === SERVER);
    return server === undefined ? [] : [latenessAfter(server, spans)];
  });
}

function latenessAfter(server, spans) {
  const late = spans.slice(spans.indexOf(server) + 1);
  return late.map(({ millis, turn }) => ({
    millis: millis - server.millis,
    isInLaterTurn: turn !== server.turn,
  }));
}

function describe(requests) {
  const last = requests.flatMap((late) => late.slice(-1));
  const millis = last.map((span) => span.millis).sort((a, b) => a - b);
  const show = (value) => (value === undefined ? '' : value.toFixed(2));
  return [
    requests.length,
    last.length,
    show(millis[millis.length >> 1]),
    show(millis[Math.floor(millis.length * 0.99)]),
    last.filter(({ isInLaterTurn }) => isInLaterTurn).length,
  ];
}
