// Where does the CPU time of a tracked server go? Self time by package and by function, garbage collection included.
//
//   node tools/bench/profile.mjs [package|spool|otlp|noop|floor] [--children 0] [--requests 48000]
import { parseArgs } from 'node:util';
import { start, stop } from './lib/child-process.mjs';
import { OURS, profileServer } from './lib/cpu-profile.mjs';
import { table } from './lib/figures.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    children: { type: 'string', default: '0' },
    requests: { type: 'string', default: '48000' },
  },
});
const [way = 'package'] = positionals;
const SHOWN = 30;

const sink = await start('sink.mjs');
try {
  const requests = Number(values.requests);
  const childSpans = Number(values.children);
  const { byOwner, byFunction } = await profileServer(way, sink, { requests, childSpans });
  const isOurs = ([name]) => name.startsWith(OURS);
  show('package', [...byOwner]);
  show('function', [...byFunction].filter(isOurs));
  show(
    'function',
    [...byFunction].filter((entry) => !isOurs(entry)),
  );
} finally {
  await stop(sink.child);
}

function show(head, micros) {
  const rows = micros
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
    .map(([name, sum]) => [sum.toFixed(2), name]);
  console.log(`\n${table([['µs per request', head], ...rows])}`);
}
