// Does anything stay behind? Heap and buffers after a million requests, over those after the first ten thousand; among the
// requests are aborted ones, and spans that never end, that end late, and that belong to no request.
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { ask, start, stop } from './lib/child-process.mjs';

const { values } = parseArgs({ options: { requests: { type: 'string', default: '1000000' } } });
const total = Number(values.requests);
const WARM_UP = 10_000;
const STEP = 100_000;
const ABORTED_PER_THOUSAND = 5;
const MEBIBYTE = 1024 ** 2;
const MOST_GROWTH = 5 * MEBIBYTE;

console.log(
  `Sends ${total.toLocaleString('en')} requests; about ${Math.ceil(total / 300_000)} to ${Math.ceil(total / 100_000)} minutes.`,
);
const sink = await start('sink.mjs');
const server = await start('memory-server.mjs', [sink.ready], ['--expose-gc']);

await load(WARM_UP);
const first = await measure('after the warm-up');
let last = first;
for (let sent = 0; sent < total; sent += STEP) {
  await load(Math.min(STEP, total - sent));
  last = await measure(`after ${(sent + STEP).toLocaleString('en')}`);
}
const received = await ask(sink.child, 'count');
await stop(server.child);
await stop(sink.child);

const growth = last.bytes - first.bytes;
const { hits, tracked, pending } = last.stats;
console.log(
  `\nheap and buffers: ${mebibytes(first.bytes)} -> ${mebibytes(last.bytes)}, ratio ${(last.bytes / first.bytes).toFixed(3)}`,
);
console.log(
  `requests ${last.requests} = hits ${hits}; tracked ${tracked}, pending ${pending}; received ${received}`,
);
const isLost = hits !== last.requests || tracked + pending !== hits || received !== tracked;
if (growth > MOST_GROWTH || isLost) {
  console.error(`\nmore than ${mebibytes(MOST_GROWTH)} stayed behind, or hits are missing`);
  process.exitCode = 1;
}

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

async function measure(when) {
  const measured = await ask(server.child, 'flush');
  console.log(`${mebibytes(measured.bytes)} ${when}`);
  return measured;
}

function mebibytes(bytes) {
  return `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}
