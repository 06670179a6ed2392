// How much later does a server listen with `register`, and how much later is the turn of the event loop after that?
//
//   node tools/bench/listen.mjs --rounds 20 [--over <commit>]
//
// Each round starts a process per row, the servers without the package among them.
import { only } from './lib/child-process.mjs';
import { runBench } from './lib/run-bench.mjs';

await runBench('listen', {
  question: 'How much later does a server listen?',
  unit: 'ms',
  ways: {
    listenAlone: { name: 'from the start of the process to the callback of `listen`, alone' },
    turnAlone: { name: 'from there to the next turn, alone' },
    listen: { name: 'the callback later, with `register`', isOurs: true, less: ['listenAlone'] },
    turn: { name: 'the next turn later, with `register`', isOurs: true, less: ['turnAlone'] },
  },
  async measure(way, { folder }) {
    const isAlone = way.endsWith('Alone');
    const sent = await only('listen.cjs', { args: [isAlone ? 'alone' : 'register'], folder });
    return way.startsWith('listen') ? sent.listenMillis : sent.turnMillis;
  },
});
