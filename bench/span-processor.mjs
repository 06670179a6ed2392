// What does the processor cost a server?
//
//   node bench/span-processor.mjs [--rounds 5] [--requests 24000] [--children 0] [--quick]
//
// 1. CPU time of a request in an http server with OpenTelemetry: MatomoSpanProcessor, over a processor that does nothing.
// 2. Time of onStart and onEnd of a child span without matomo attributes, over onEnd of the SDK's BatchSpanProcessor.
//
// Ratios are of pairs that ran next to each other, in fresh processes; absolute figures are of this machine only.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { ask, start, stop } from './child-process.mjs';
import { spread, table } from './figures.mjs';

const CONNECTIONS = 50;
const WARM_UP = 6_000;

const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string' },
    requests: { type: 'string' },
    children: { type: 'string', default: '0' },
    quick: { type: 'boolean', default: false },
  },
});
const rounds = Number(given.rounds ?? (given.quick ? 2 : 5));
const requests = Number(given.requests ?? (given.quick ? 8_000 : 24_000));
const [blocks, passes] = given.quick ? [5, 50] : [9, 200];

const say = (text) => console.log(text);
const note = (text) => process.stderr.write(text);

function load(url, amount) {
  return autocannon({
    url,
    amount,
    connections: CONNECTIONS,
    headers: {
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      'accept-language': 'de-DE,de;q=0.9,en;q=0.8',
      referer: 'https://shop.example/cart',
    },
    requests: ['/users/1', '/users/2', '/orders?page=2', '/orders/17/items'].map((path) => ({
      path,
    })),
  });
}

/** CPU microseconds a request, of a fresh server process, with all hits delivered. */
async function measureServer(kind, sink) {
  const { child, ready: url } = await start('./http-server.mjs', [
    kind,
    sink.ready,
    given.children,
  ]);
  await load(url, WARM_UP);
  await ask(child, 'begin');
  const before = await ask(sink.child, 'count');
  const { '2xx': answered } = await load(url, requests);
  const { micros, stats } = await ask(child, 'end');
  const hits = (await ask(sink.child, 'count')) - before;
  await stop(child);
  if (answered !== requests) throw new Error(`${answered} of ${requests} requests were answered`);
  if (kind === 'matomo' && (hits !== requests || stats.tracked !== stats.hits)) {
    throw new Error(`${hits} hits for ${requests} requests: ${JSON.stringify(stats)}`);
  }
  return { micros: micros / requests, hits };
}

async function measureChildSpan() {
  const args = [String(blocks), String(passes)];
  const { child, ready } = await start('./child-span.mjs', args, ['--expose-gc']);
  await stop(child);
  return ready;
}

/** Which goes first alternates: the second of a pair meets a warmer machine. */
async function measureRound(round, sink) {
  const order = round % 2 === 0 ? ['noop', 'matomo'] : ['matomo', 'noop'];
  const server = {};
  for (const kind of order) {
    note(` ${kind}`);
    server[kind] = await measureServer(kind, sink);
  }
  note(' child span');
  return { ...server, span: await measureChildSpan() };
}

function versionOf(name) {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return `${name} ${JSON.parse(readFileSync(file, 'utf8')).version}`;
}

const seconds = Math.ceil(rounds * (given.quick ? 5 : 7));
say(`What does the processor cost a server? ${rounds} rounds, about ${seconds} seconds.\n`);

const sink = await start('./matomo-sink.mjs');
const all = [];
for (let round = 0; round < rounds; round++) {
  note(`round ${round + 1} of ${rounds}:`);
  all.push(await measureRound(round, sink));
  note('\n');
}
await stop(sink.child);

const children = Number(given.children) > 0 ? `, ${given.children} child spans in each` : '';
say(
  `\n${table([
    ['question', 'ratio: median (min-max)', 'this processor', 'compared with'],
    [
      `CPU of a request${children}, over a no-op processor`,
      spread(all.map(({ matomo, noop }) => matomo.micros / noop.micros)),
      `${spread(
        all.map(({ matomo }) => matomo.micros, 1),
        1,
      )} µs`,
      `${spread(
        all.map(({ noop }) => noop.micros),
        1,
      )} µs`,
    ],
    ...[1, 5].map((count) => [
      `child span with ${count} attribute${count > 1 ? 's' : ''}, over BatchSpanProcessor.onEnd`,
      spread(all.map(({ span }) => span[`matomo${count}`].nanos / span.batch.nanos)),
      `${spread(
        all.map(({ span }) => span[`matomo${count}`].nanos),
        1,
      )} ns`,
      `${spread(
        all.map(({ span }) => span.batch.nanos),
        1,
      )} ns`,
    ]),
    ...[1, 5].map((count) => [
      `bytes allocated for it, ${count} attribute${count > 1 ? 's' : ''}`,
      '',
      spread(
        all.map(({ span }) => span[`matomo${count}`].bytes),
        1,
      ),
      spread(
        all.map(({ span }) => span.batch.bytes),
        1,
      ),
    ]),
  ])}\n`,
);
const hits = all.reduce((sum, { matomo }) => sum + matomo.hits, 0);
say(`${hits} hits were delivered for ${rounds * requests} requests, none lost or doubled.`);
say(
  `${requests} requests a run after ${WARM_UP} for warming up, ${CONNECTIONS} connections, a fresh process for each run.`,
);
say(
  `Node ${process.version}, ${cpus().length} CPUs, ${[
    '@opentelemetry/api',
    '@opentelemetry/sdk-trace-base',
    '@opentelemetry/instrumentation-http',
    'undici',
    'autocannon',
  ]
    .map(versionOf)
    .join(', ')}`,
);
say(`Command: node bench/span-processor.mjs ${process.argv.slice(2).join(' ')}`.trimEnd());
