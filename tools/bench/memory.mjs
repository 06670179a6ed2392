// Does anything stay in memory after a million requests? 1 % of them never end: of half of these, the response, which the client leaves, and
// of the others, the SERVER span, which Node.js has not announced. Among the rest are spans that never end, that end late, and that belong to
// no request. With --quick, 100,000 requests.
//
//   node tools/bench/memory.mjs [--over ae61b62] [--quick]
import { connect } from 'node:net';
import autocannon from 'autocannon';
import { ask, start, stop } from './lib/child-process.mjs';
import { runBench } from './lib/run-bench.mjs';

const WARM_UP = 10_000;
const ABORTED_PER_THOUSAND = 5;
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

await runBench('memory', {
  question: 'Does anything stay in memory after a million requests?',
  unit: 'heap and buffers, over those after 10,000 requests',
  digits: 3,
  maxRounds: 1,
  ways: { package: { name: 'this package', isOurs: true } },
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  measure: (_way, { quick, folder, prepared: sink }) =>
    measure(sink, folder, quick ? 100_000 : 1_000_000),
});

async function measure(sink, folder, total) {
  const args = [sink.ready];
  const server = await start('memory-server.mjs', { args, folder, nodeOptions: ['--expose-gc'] });
  const before = await ask(sink.child, 'count');
  await load(server.ready, WARM_UP);
  const first = await ask(server.child, 'flush');
  await load(server.ready, total);
  const { bytes, requests, stats } = await ask(server.child, 'flush');
  const received = (await ask(sink.child, 'count')) - before;
  await stop(server.child);
  if (stats.hits !== requests || stats.tracked !== requests || received !== requests) {
    throw new Error(`${requests} requests, ${received} received: ${JSON.stringify(stats)}`);
  }
  process.stderr.write(` (${first.bytes} and ${bytes} bytes)`);
  return bytes / first.bytes;
}

async function load(url, amount) {
  const aborted = Math.floor((amount * ABORTED_PER_THOUSAND) / 1000);
  const requests = Array.from({ length: 20 }, (_, i) => ({
    path: `/r/${i}`,
    ...(i === 0 && { headers: { traceparent: TRACEPARENT } }), // many requests in one trace
  }));
  const shared = { url, connections: 50, amount: amount - aborted, requests };
  await Promise.all([autocannon(shared), abort(url, aborted)]);
}

async function abort(url, amount) {
  const { port } = new URL(url);
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
