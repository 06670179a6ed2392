// Does anything stay behind? Heap and buffers after a million requests, over those after the first ten thousand; among the
// requests are aborted ones, and spans that never end, that end late, and that belong to no request.
//
//   node tools/bench/memory.mjs [--quick]
import { connect } from 'node:net';
import autocannon from 'autocannon';
import { ask, start, stop } from './lib/child-process.mjs';
import { count, mebibytes } from './lib/figures.mjs';
import { minutes, readArguments, secondsOf } from './lib/rounds.mjs';
import { report } from './lib/run-bench.mjs';

const given = readArguments();
const total = given.quick ? 100_000 : 1_000_000;
const WARM_UP = 10_000;
const STEP = total / 10;
const ABORTED_PER_THOUSAND = 5;

process.stderr.write(`${count(total)} requests, about ${minutes(secondsOf('memory', given))}.\n`);
const sink = await start('sink.mjs');
const server = await start('memory-server.mjs', [sink.ready], ['--expose-gc']);

await load(WARM_UP);
const measured = [await measure()];
for (let sent = 0; sent < total; sent += STEP) {
  await load(STEP);
  measured.push(await measure());
}
const received = await ask(sink.child, 'count');
await stop(server.child);
await stop(sink.child);

const [first, last] = [measured[0], measured.at(-1)];
const { hits, tracked, pending } = last.stats;
const balance = `${last.requests} requests made ${hits} hits; ${tracked} were tracked, ${pending} are pending, ${received} arrived.`;
if (hits !== last.requests || tracked + pending !== hits || received !== tracked) {
  throw new Error(balance);
}
report(
  'memory',
  {
    rounds: 1,
    figures: { 'heap-growth': [last.bytes / first.bytes] },
    rows: [
      ['after requests', 'heap and buffers', 'over the first'],
      ...measured.map(({ requests, bytes }) => [
        count(requests),
        mebibytes(bytes),
        (bytes / first.bytes).toFixed(3),
      ]),
    ],
    notes: [balance],
  },
  !given.quick,
);

async function load(amount) {
  const aborted = Math.floor((amount * ABORTED_PER_THOUSAND) / 1000);
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const requests = Array.from({ length: 20 }, (_, i) => ({
    path: `/r/${i}`,
    ...(i === 0 && { headers: { traceparent } }), // many requests in one trace
  }));
  const shared = { url: server.ready, connections: 50, amount: amount - aborted, requests };
  await Promise.all([autocannon(shared), abort(aborted)]);
}

async function abort(amount) {
  const { port } = new URL(server.ready);
  for (let i = 0; i < amount; i++) {
    await new Promise((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write('GET /never HTTP/1.1\r\nHost: x\r\n\r\n', () =>
          setTimeout(() => socket.destroy(), 1),
        );
      });
      socket.on('error', () => undefined).on('close', resolve);
    });
  }
}

async function measure() {
  const now = await ask(server.child, 'flush');
  process.stderr.write(` ${now.requests}`);
  return now;
}
