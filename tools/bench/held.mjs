// What does a request keep in memory while it is open, and after its end if its connection stays?
//
//   node tools/bench/held.mjs [--over ae61b62] [--quick]
//
// Without tracing. `ended`: 100,000 requests over one connection, whose bytes are shared by all of them. With --quick, a tenth.
import { once } from 'node:events';
import { connect } from 'node:net';
import { ask, start, stop } from './lib/child-process.mjs';
import { runBench } from './lib/run-bench.mjs';

const HEAD = 'Host: shop.example\r\nUser-Agent: Mozilla/5.0\r\nAccept-Language: de\r\n\r\n';
const PIPELINED = 100;
const COUNTS = { open: 10_000, ended: 100_000 };

await runBench('held', {
  question: 'What does a request keep in memory while it is open, and after its end?',
  unit: 'bytes a request',
  digits: 0,
  maxRounds: 3,
  ways: {
    bare: { name: 'open, a bare server' },
    open: { name: 'open', isOurs: true, less: ['bare'] },
    ended: { name: 'ended, one connection', isOurs: true },
  },
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  async measure(way, { quick, folder, prepared: sink }) {
    const count = COUNTS[way === 'ended' ? 'ended' : 'open'] / (quick ? 10 : 1);
    const args = [way === 'bare' ? 'bare' : 'tracked', sink.ready];
    const server = await start('held-server.mjs', { args, folder, nodeOptions: ['--expose-gc'] });
    const { port } = new URL(server.ready);
    await answerAll(port, 1_000);
    const before = await ask(server.child, 'bytes');
    const close = way === 'ended' ? await answerAll(port, count) : await openAll(port, count);
    const after = await ask(server.child, 'bytes');
    close();
    await stop(server.child);
    return (after - before) / count;
  },
});

/** Sends requests that are answered, over one connection that stays open. */
async function answerAll(port, count) {
  const socket = connect(Number(port), '127.0.0.1');
  let received = '';
  for (let sent = 0; sent < count; sent += PIPELINED) {
    socket.write(`GET /answered HTTP/1.1\r\n${HEAD}`.repeat(PIPELINED));
    for (let left = PIPELINED; left > 0; ) {
      const [chunk] = await once(socket, 'data');
      const parts = (received + chunk).split('HTTP/1.1 200');
      left -= parts.length - 1;
      received = parts.at(-1).slice(-11); // a status line may arrive in two parts
    }
  }
  return () => socket.destroy();
}

/** Sends requests that nobody answers, and waits until all have begun. */
async function openAll(port, count) {
  const sockets = [];
  while (sockets.length < count) {
    const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    socket.write(`GET /waits HTTP/1.1\r\n${HEAD}`);
    await once(socket, 'data'); // `100 Continue`
  }
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}
