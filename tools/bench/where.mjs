// Where does the CPU time of the slowest requests go? Self time by package, from V8's profiler, beside servers without us.
// `node tools/bench/profile.mjs` shows it by function.
//
//   node tools/bench/where.mjs [--quick]
import { start, stop } from './lib/child-process.mjs';
import { profileServer } from './lib/cpu-profile.mjs';
import { readArguments } from './lib/rounds.mjs';
import { report } from './lib/run-bench.mjs';

const WAYS = [
  { head: '(b)', way: 'noop' },
  { head: 'this package', way: 'package' },
  { head: 'with a `spool`', way: 'spool' },
  { head: '(b) and 20 child spans', way: 'noop', childSpans: 20 },
  { head: 'this package and 20 child spans', way: 'package', childSpans: 20 },
];
const NAMES = {
  '(V8)': 'system calls and functions of V8',
  '(garbage collector)': 'garbage collector, main thread',
  '(program)': 'other native code',
  node: 'JavaScript of Node.js',
};
const LEAST_MICROS = 0.1;

const given = readArguments();
const requests = given.quick ? 12_000 : 48_000;
const sink = await start('sink.mjs');
const profiles = [];
try {
  for (const { way, childSpans } of WAYS) {
    process.stderr.write(` ${way}`);
    profiles.push(await profileServer(way, sink, { requests, warmUp: 6000, childSpans }));
  }
} finally {
  await stop(sink.child);
}
process.stderr.write('\n');

const microsOf = (owner) => profiles.map(({ byOwner }) => byOwner.get(owner) ?? 0);
const owners = [...new Set(profiles.flatMap(({ byOwner }) => [...byOwner.keys()]))]
  .filter((owner) => Math.max(...microsOf(owner)) >= LEAST_MICROS)
  .sort((a, b) => Math.max(...microsOf(b)) - Math.max(...microsOf(a)));
report(
  'where',
  {
    rounds: 1,
    figures: {},
    rows: [
      ['µs per request', ...WAYS.map(({ head }) => head)],
      ...owners.map((owner) => [
        NAMES[owner] ?? owner,
        ...microsOf(owner).map((micros) => micros.toFixed(2)),
      ]),
    ],
  },
  !given.quick,
);
