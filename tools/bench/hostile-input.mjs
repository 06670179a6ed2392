// How long can one request hold the event loop?
//
//   node tools/bench/hostile-input.mjs [--rounds 7] [--quick]
//
// Requests whose headers or target have 16 kB of what is worst for the code that reads them, from a finished span to a hit. At
// most 20 ms are wanted for each.
import { spread } from './lib/figures.mjs';
import { only } from './lib/measure-parts.mjs';
import { runBench } from './lib/run-bench.mjs';

const MAX_MILLIS = 20;

await runBench('hostile-input', {
  measureRound: ({ quick }) => only('hostile-input.mjs', [quick ? '9' : '51']),
  summarize(all) {
    const names = Object.keys(all[0]);
    const ofEach = (name, what) => all.map((round) => round[name][what]);
    const worst = all.map((round) => Math.max(...Object.values(round).map((one) => one.median)));
    return {
      figures: { 'hostile-request-millis': worst },
      rows: [
        ['16 kB of', 'ms, median', 'ms, slowest', `at most ${MAX_MILLIS} ms`],
        ...names.map((name) => [
          name,
          spread(ofEach(name, 'median')),
          spread(ofEach(name, 'most')),
          Math.max(...ofEach(name, 'median')) <= MAX_MILLIS ? 'yes' : '**no**',
        ]),
      ],
    };
  },
});
